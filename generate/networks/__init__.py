"""Networks: from a graph to many copies that are trained side by side."""
