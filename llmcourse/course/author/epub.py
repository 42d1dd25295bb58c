"""`llmcourse book --epub`: the built pages as an EPUB 3, which needs no network and no scripts.

Formulas become MathML: a headless Chromium asks the MathJax that the pages use. The same pages give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
from html import escape
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from bs4 import BeautifulSoup, Comment, Tag

from llmcourse.course.author.addresses import OLDEST
from llmcourse.course.author.browser import BrowserError, read_page
from llmcourse.course.author.leaves import Leaf, built_book, point

MEDIA = {
    ".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif",
    ".xhtml": "application/xhtml+xml", ".css": "text/css",
}  # fmt: skip
SVG_NAMES = (
    "viewBox", "preserveAspectRatio", "markerWidth", "markerHeight", "markerUnits", "refX", "refY", "linearGradient",
    "radialGradient", "clipPath", "gradientUnits", "gradientTransform", "patternUnits", "textLength", "lengthAdjust",
    "foreignObject", "clipPathUnits", "textPath", "startOffset",
)  # fmt: skip
"""Names that XML wants as they are; an HTML parser writes them small."""
XML_NAME = re.compile(r"[A-Za-z_][\w.-]*(:[A-Za-z_][\w.-]*)?")
NOT_OF_XHTML = ("align", "valign", "border", "frame", "rules", "width", "char", "summary", "cellpadding", "cellspacing")


def write_epub(root: Path, into: Path | None = None, *, solutions: bool = True) -> Path:
    """Write the built book as an EPUB; arguments and errors are those of `built_book`.

    Returns:
        The file beside the pages.

    Raises:
        BrowserError: The browser could not read a formula.
    """
    book = built_book(root, into, solutions=solutions)
    leaves, pages = book.leaves, book.html
    slugs = {leaf.name: leaf.slug for leaf in leaves}
    pictures: dict[str, str] = {}
    for leaf in leaves:
        _prepare(leaf, slugs, pictures)
    _formulas(leaves, pages, book.workplace)
    _tidy(leaves)
    files = {f"{leaf.slug}.xhtml": xhtml(leaf.title, str_of(leaf.article)).encode() for leaf in leaves}
    files |= {new: (pages / old).read_bytes() for old, new in sorted(pictures.items())}
    style = (pages / "_static" / "pygments.css").read_text(encoding="utf-8")
    own = (root / "book" / "_static" / "epub.css").read_text(encoding="utf-8")
    files["style.css"] = (_light_alone(style) + own).encode()
    files["nav.xhtml"] = navigation(leaves).encode()
    digest = hashlib.sha256(b"\0".join(name.encode() + b"\0" + data for name, data in sorted(files.items())))
    files["content.opf"] = package(book.title, book.author, leaves, files, digest.hexdigest()).encode()
    pack(files, book.target("epub"))
    return book.target("epub")


def _prepare(leaf: Leaf, slugs: dict[str, str], pictures: dict[str, str]) -> None:
    def to_page(name: str, place: str) -> str | None:
        if name not in slugs:
            return None
        return f"{slugs[name]}.xhtml" + (f"#{place}" if place else "")

    def to_file(path: str) -> str | None:
        if not path.startswith("_images/") or Path(path).suffix.lower() not in MEDIA:
            return None
        return pictures.setdefault(path, "images/" + Path(path).name)

    point(leaf, to_page, to_file)


def _formulas(leaves: list[Leaf], pages: Path, folder: Path) -> None:
    """Put MathML in the place of every formula, with its LaTeX for who cannot show it."""
    spans = [span for leaf in leaves for span in leaf.article.select(".math")]
    wanted = [(_tex(span), span.name == "div") for span in spans]
    if not wanted:
        return
    different = list(dict.fromkeys(wanted))
    made = dict(zip(different, mathml(different, pages / "_static" / "mathjax" / "tex-chtml.js", folder)))
    for span, formula in zip(spans, wanted):
        span.clear()
        span.append(BeautifulSoup(made[formula], "html.parser"))
        for math in span.select("math"):
            math["alttext"] = formula[0]


def _tex(span: Tag) -> str:
    return re.sub(r"^\s*(\\\(|\\\[|\$\$)|(\\\)|\\\]|\$\$)\s*$", "", span.get_text()).strip()


def mathml(formulas: list[tuple[str, bool]], mathjax: Path, folder: Path) -> list[str]:
    """Formulas as MathML.

    Args:
        formulas: LaTeX, each with whether it stands in a line of its own.
        mathjax: MathJax's `tex-chtml.js`.
        folder: Where the page may lie that the browser reads.

    Raises:
        BrowserError: A formula could not be read; the message has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "formulas.html"
    asked = json.dumps(formulas).replace("</", "<\\/")
    page.write_text(_FORMULAS.format(formulas=asked, mathjax=mathjax.resolve().as_uri()), encoding="utf-8")
    answer = BeautifulSoup(read_page(page), "html.parser").find(id="answer")
    if answer is None:
        raise BrowserError("the browser has not answered with formulas")
    made: list[str] = json.loads(answer.get_text())
    for (tex, _), one in zip(formulas, made, strict=True):
        if "<merror" in one or not one.startswith("<math"):
            raise BrowserError(f"the formula {tex!r} could not be read: {one[:200]}")
    return [re.sub(r' (data-[\w-]+|class)="[^"]*"', "", one) for one in made]


def _tidy(leaves: list[Leaf]) -> None:
    """Leave nothing that XHTML forbids: comments with dashes, ids twice, styles in the text, strange attributes."""
    for leaf in leaves:
        seen: set[str] = set()
        for comment in leaf.article.find_all(string=lambda text: isinstance(text, Comment)):
            comment.extract()
        for tag in leaf.article.find_all(True):
            _tidy_tag(tag, seen)
    places = {f"{leaf.slug}.xhtml#{tag['id']}" for leaf in leaves for tag in leaf.article.select("[id]")}
    for leaf in leaves:
        for link in leaf.article.select("a[href]"):
            address = str(link["href"])
            if ".xhtml#" in address and address not in places and ":" not in address.partition("#")[0]:
                link["href"] = address.partition("#")[0]


def _tidy_tag(tag: Tag, seen: set[str]) -> None:
    if tag.name in ("style", "noscript") and not tag.find_parent("svg"):
        tag.decompose()
        return
    if tag.name in ("input", "form", "label"):
        tag.unwrap()
        return
    if tag.name in ("math", "svg"):
        tag["xmlns"] = f"http://www.w3.org/{'1998/Math/MathML' if tag.name == 'math' else '2000/svg'}"
    in_svg = tag.name == "svg" or tag.find_parent("svg") is not None
    in_math = tag.name == "math" or tag.find_parent("math") is not None
    for name in list(tag.attrs):
        foreign = name in NOT_OF_XHTML and tag.name != "img" and not in_svg and not in_math
        if foreign or not XML_NAME.fullmatch(name) or name.startswith("on") or (name == "role" and tag.name != "svg"):
            del tag[name]
    if identity := tag.get("id"):
        if identity in seen:
            del tag["id"]
        else:
            seen.add(str(identity))


def str_of(article: Tag) -> str:
    """An article as well-formed XML."""
    article.name, article["class"] = "article", ["leaf"]
    text = article.decode(formatter="minimal")
    for name in SVG_NAMES:
        text = re.sub(rf"(?<=[<\s/]){name.lower()}(?=[\s=>])", name, text) if name.lower() in text else text
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text)


def xhtml(title: str, body: str) -> str:
    """A page of an EPUB."""
    return _PAGE.format(title=escape(title), body=body)


def navigation(leaves: list[Leaf]) -> str:
    """The contents, as EPUB 3 wants them."""
    rows: list[str] = []
    depth = 0
    for leaf in leaves:
        level = max(leaf.depth, 1)
        link = f'<li><a href="{leaf.slug}.xhtml">{escape(leaf.title)}</a>'
        if level > depth:
            rows.append("<ol>" + link)
        else:
            rows.append("</li>" + "</ol></li>" * (depth - level) + link)
        depth = level
    rows.append("</li></ol>" * depth)
    inside = '<nav epub:type="toc" id="toc"><h1>Contents</h1>\n' + "\n".join(rows) + "\n</nav>"
    return xhtml("Contents", inside)


def package(title: str, author: str, leaves: list[Leaf], files: dict[str, bytes], digest: str) -> str:
    """The list of files, and their order."""
    items, spine = [], []
    for name, data in sorted(files.items()):
        kind = {".xhtml": "application/xhtml+xml", ".css": "text/css"}.get(Path(name).suffix) or MEDIA[
            Path(name).suffix
        ]
        has = [word for word in ("nav", "mathml", "svg") if _has(word, name, data)]
        properties = f' properties="{" ".join(has)}"' if has else ""
        items.append(f'<item id="{_identity(name)}" href="{name}" media-type="{kind}"{properties}/>')
    spine = [f'<itemref idref="{_identity(leaf.slug + ".xhtml")}"/>' for leaf in leaves]
    return _PACKAGE.format(
        title=escape(title), author=escape(author), digest=digest, items="\n".join(items), spine="\n".join(spine)
    )


def _has(word: str, name: str, data: bytes) -> bool:
    if word == "nav":
        return name == "nav.xhtml"
    return name.endswith(".xhtml") and (b"<math" if word == "mathml" else b"<svg") in data


def _identity(name: str) -> str:
    return "f-" + re.sub(r"[^\w-]", "-", name)


def pack(files: dict[str, bytes], target: Path) -> None:
    """Write the archive: its kind first and as it is, all else packed; the same files give the same bytes."""
    everything = {"mimetype": b"application/epub+zip", "META-INF/container.xml": _CONTAINER.encode()}
    everything |= {f"EPUB/{name}": data for name, data in sorted(files.items())}
    with ZipFile(target, "w") as archive:
        for name, data in everything.items():
            entry = ZipInfo(name, OLDEST)
            entry.compress_type = ZIP_STORED if name == "mimetype" else ZIP_DEFLATED
            archive.writestr(entry, data)


def _light_alone(css: str) -> str:
    """The colours of code for a light page, without the theme's switch."""
    rules = re.findall(r'html\[data-theme="light"\] (\.highlight[^{]*\{[^}]*\})', css)
    return "\n".join(rules) + "\n"


_FORMULAS = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><script>
window.MathJax = {{startup: {{typeset: false, ready: async () => {{
  MathJax.startup.defaultReady();
  await MathJax.startup.promise;
  const made = [];
  for (const [tex, display] of {formulas}) {{
    try {{
      made.push(await MathJax.tex2mmlPromise(tex, {{display}}));
    }} catch (error) {{
      made.push("error: " + error);
    }}
  }}
  const answer = document.createElement("pre");
  answer.id = "answer";
  answer.textContent = JSON.stringify(made);
  document.body.append(answer);
}}}}}};
</script><script defer src="{mathjax}"></script></head><body></body></html>
"""

_PAGE = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="en" xml:lang="en">
<head><title>{title}</title><link rel="stylesheet" type="text/css" href="style.css"/></head>
<body>
{body}
</body>
</html>
"""

_CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="EPUB/content.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""

_PACKAGE = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="book-id" xml:lang="en">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="book-id">urn:llmcourse:{digest}</dc:identifier>
<dc:title>{title}</dc:title>
<dc:creator>{author}</dc:creator>
<dc:language>en</dc:language>
<meta property="dcterms:modified">1980-01-01T00:00:00Z</meta>
</metadata>
<manifest>
{items}
</manifest>
<spine>
{spine}
</spine>
</package>
"""
