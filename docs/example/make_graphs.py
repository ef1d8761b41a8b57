"""Write graphs.json: three networks with a skip connection that crosses levels, or none."""

import json

import networkx as nx

from dipbench.graphs.nodelink import to_node_link


def network(skip: str | None) -> nx.DiGraph:
    """One level deep; `skip` names the op of a side path from the stem to the concat."""
    graph = nx.DiGraph()
    graph.add_node("image", op="input")
    graph.add_node("stem", op="conv3", channels=8)
    graph.add_node("down", op="down", channels=8)
    graph.add_node("up", op="up-bilinear")
    graph.add_node("conv", op="conv3", channels=8)
    graph.add_node("output", op="output")
    nx.add_path(graph, ["image", "stem", "down", "up"])
    if skip is None:
        nx.add_path(graph, ["up", "conv", "output"])
    else:
        graph.add_node("side", op=skip, channels=4)
        graph.add_node("join", op="concat")
        nx.add_path(graph, ["stem", "side", "join"])
        nx.add_path(graph, ["up", "join", "conv", "output"])
    return graph


graphs = {"plain": network(None), "thin-skip": network("skip1"), "wide-skip": network("conv3")}
with open("graphs.json", "w", encoding="utf-8") as file:
    json.dump({name: to_node_link(graph) for name, graph in graphs.items()}, file, indent=1)
