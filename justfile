# One list of commands; CI runs the same. `just` alone lists them.

_list:
    @just --list --unsorted

# Everything that must be green before a push
check: lint types imports test

# Style, and formatting that differs from the formatter's
lint:
    uv run ruff check .
    uv run ruff format --check .

# Types, strictly
types:
    uv run mypy

# Who may import whom
imports:
    uv run lint-imports

# The tests that everybody runs, in under six minutes
test *ARGS:
    uv run pytest {{ARGS}}

# The tests that take longer
test-slow:
    uv run pytest -m "slow and not elasticsearch"

# The tests against a real Elasticsearch, of three nodes
test-elasticsearch *ARGS:
    uv run pytest -n 0 -m elasticsearch {{ARGS}}

# A real Elasticsearch on 127.0.0.1:9200, until Ctrl-C; --nodes 3 for a cluster
elasticsearch *ARGS:
    uv run python -m tests.servers.elasticsearch {{ARGS}}

# Mend what can be mended by itself
fix:
    uv run ruff check --fix .
    uv run ruff format .

# Record the exact versions of everything, with hashes and without addresses
pin:
    uv lock
    uv export --frozen --quiet --format requirements.txt --no-emit-project --no-annotate --no-header --output-file constraints.txt

# Measure: a module of benchmarks/, such as lexical, quality, references, lookup
bench NAME:
    uv run python -m benchmarks.{{NAME}}
