"""What scripts/gpu-check.sh runs: phases, each a process of its own with a time limit, and one JSON file of figures."""
