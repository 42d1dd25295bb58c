"""Hold manifests against the schemas that their operators publish: `validate.py CRD.yaml [CRD.yaml ...] MANIFEST.yaml`.

Every file that holds CustomResourceDefinitions is a schema, the last one is what is looked at. A field that the schema
does not know is an error, as a cluster would drop it without a word. It needs PyYAML and jsonschema.
"""

from __future__ import annotations

import sys
from typing import Any

import jsonschema
import yaml


def closed(schema: Any) -> Any:
    """A schema in which an object has the fields that are named, and no others."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {name: closed(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and not schema.get("x-kubernetes-preserve-unknown-fields"):
        schema.setdefault("additionalProperties", False)
    if schema.get("x-kubernetes-int-or-string"):
        schema = {"type": ["integer", "string"]}
    return schema


def schemas(paths: list[str]) -> dict[tuple[str, str], Any]:
    """What the files know: (apiVersion, kind) -> schema."""
    found = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for crd in filter(None, yaml.safe_load_all(file)):
                for version in crd["spec"]["versions"]:
                    schema = closed(version["schema"]["openAPIV3Schema"])
                    schema["properties"]["metadata"] = {"type": "object"}
                    api = f"{crd['spec']['group']}/{version['name']}"
                    found[api, crd["spec"]["names"]["kind"]] = schema
    return found


def main(arguments: list[str]) -> int:
    *crds, manifest = arguments
    known, n_errors = schemas(crds), 0
    with open(manifest, encoding="utf-8") as file:
        for resource in yaml.safe_load_all(file):
            what = resource["apiVersion"], resource["kind"]
            if what not in known:
                print(f"{manifest}: no schema for {what}; there are {sorted(known)}")
                n_errors += 1
                continue
            errors = list(jsonschema.Draft7Validator(known[what]).iter_errors(resource))
            for error in errors:
                print(
                    f"{manifest}: {resource['kind']}: {'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"
                )
            n_errors += len(errors)
            if not errors:
                print(f"{manifest}: {resource['kind']} {resource['metadata']['name']} is valid")
    return 1 if n_errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
