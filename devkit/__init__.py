"""A Talk call on one machine: demo, tests, benchmarks, drills; never in the image."""
