"""Run the benchmarks: `python -m benchmarks [NAME ...]`, without a name all but the long ones, which are listed."""

import importlib
import pkgutil
import sys

import benchmarks


def main(names: list[str]) -> int:
    known = sorted({module.name for module in pkgutil.iter_modules(benchmarks.__path__)} - {"__main__", "timing"})
    if unknown := [name for name in names if name not in known]:
        print(f"unknown benchmark {unknown[0]!r}: there are {', '.join(known)}", file=sys.stderr)
        return 2
    modules = [importlib.import_module(f"benchmarks.{name}") for name in names or known]
    long = [] if names else [module for module in modules if getattr(module, "ON_DEMAND", False)]
    met = [module.main() for module in modules if module not in long]
    for module in long:
        print(f"not run, for it is long: python -m {module.__name__.replace('.', ' ')}")
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
