"""Reading what others wrote: bounded, inside the store, executing nothing."""
