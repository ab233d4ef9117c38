"""One screen a module. A screen holds a request and its answer, and hands slices of it to widgets."""
