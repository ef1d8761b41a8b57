"""Networks: from an architecture to a module of torch, which is imported when it is asked for."""
