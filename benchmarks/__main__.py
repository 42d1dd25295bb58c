"""Run the benchmarks: `python -m benchmarks [NAME ...]`, all of them unless some are named."""

import importlib
import pkgutil
import sys

import benchmarks


def main(names: list[str]) -> int:
    known = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name != "__main__")
    if unknown := [name for name in names if name not in known]:
        print(f"unknown benchmark {unknown[0]!r}: there are {', '.join(known)}", file=sys.stderr)
        return 2
    met = [importlib.import_module(f"benchmarks.{name}").main() for name in names or known]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
