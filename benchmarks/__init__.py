"""Benchmarks: commands, not tests. See README.md here and docs/performance.md."""
