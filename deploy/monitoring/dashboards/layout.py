"""Puts panels side by side and makes a dashboard of them."""

from panels import CLUSTER, DATASOURCE, EXPLANATIONS, NODE, keep_variables, link
from settings import DOCS


def variable(name, label, query, multi, description):
    return {"type": "query", "name": name, "label": label, "description": description, "datasource": DATASOURCE,
            "query": {"query": query, "refId": "variable-" + name}, "refresh": 1, "regex": "", "sort": 1, "hide": 0, "skipUrlSync": False,
            "multi": multi, "includeAll": multi, **({"allValue": ".*", "current": {"selected": True, "text": ["All"], "value": ["$__all"]}} if multi else {}), "options": []}


def choice(name, label, description, options):
    made = [{"text": title, "value": value, "selected": index == 0} for index, (title, value) in enumerate(options)]
    return {"type": "custom", "name": name, "label": label, "description": description, "query": ", ".join("%s : %s" % pair for pair in options),
            "options": made, "current": made[0], "multi": False, "includeAll": False, "hide": 0, "skipUrlSync": False}


def variables(one_node):
    # A label that does not exist reads as empty, which ".*" matches: without a cluster label, "All" is right.
    return [
        {"type": "datasource", "name": "datasource", "label": "Data source", "description": "Prometheus that scrapes the agents", "query": "prometheus", "refresh": 1,
         "regex": "", "hide": 0, "skipUrlSync": False, "multi": False, "includeAll": False, "options": []},
        variable("job", "Job", "label_values(closewatch_build_info, job)", True, "Scrape job of the agents"),
        variable("cluster", "Cluster", 'label_values(closewatch_build_info{job=~"$job"}, cluster)', True, "External label of the cluster, where there is one"),
        variable("node", "Node", 'label_values(closewatch_build_info{job=~"$job", cluster=~"$cluster"}, node)', not one_node, "Node of the agent"),
        variable("namespace", "Namespace", 'label_values(closewatch_pod_tcp_sockets{job=~"$job", cluster=~"$cluster", node=~"$node"}, namespace)', True, "Namespace of the pods"),
        variable("pod", "Pod", 'label_values(closewatch_pod_tcp_sockets{job=~"$job", cluster=~"$cluster", node=~"$node", namespace=~"$namespace"}, pod)', True,
                 "Pod; \"host\" is the node itself"),
        {"type": "textbox", "name": "docs", "label": "Guide", "description": "Address of your copy of docs/findings.md, for the links of findings", "query": DOCS,
         "current": {"text": DOCS, "value": DOCS}, "options": [], "hide": 0, "skipUrlSync": False},
    ]


def annotation(name, expression, title, color):
    return {"name": name, "datasource": DATASOURCE, "enable": True, "hide": False, "iconColor": color, "expr": expression, "step": "60s", "titleFormat": title, "textFormat": "", "tagKeys": ""}


def place(panels):
    """Left to right, then down: a row that is full, or a heading, begins below everything before it."""
    placed, x, y, line, number = [], 0, 0, 0, 1
    for made in panels:
        made = dict(made)
        width, height = made.pop("size")
        if x + width > 24 or made["type"] == "row":
            x, y, line = 0, y + line, 0
        made["gridPos"] = {"x": x, "y": y, "w": width, "h": height}
        made.setdefault("id", number)
        placed.append(made)
        x, line, number = x + width, max(line, height), number + 1
    return placed


def dashboard(uid, title, description, panels, extra_variables=(), annotations=(), one_node=False):
    other, other_title = (CLUSTER, "All nodes") if uid == NODE else (NODE, "One node")
    return {
        "uid": uid, "title": title, "description": description, "tags": ["closewatch", "conntrack", "kubernetes"], "schemaVersion": 39, "version": 1,
        "editable": False, "graphTooltip": 1, "refresh": "30s", "time": {"from": "now-3h", "to": "now"}, "timezone": "", "weekStart": "", "fiscalYearStartMonth": 0, "liveNow": False,
        "annotations": {"list": list(annotations)}, "templating": {"list": variables(one_node) + list(extra_variables)},
        "links": [
            {**link(other_title, "/d/%s?%s" % (other, keep_variables("datasource", "job", "cluster"))), "type": "link", "icon": "dashboard", "tags": [], "asDropdown": False, "includeVars": False,
             "keepTime": True, "tooltip": ""},
            {**link("What the findings mean", "/d/%s?viewPanel=%d" % (CLUSTER, EXPLANATIONS)), "type": "link", "icon": "question", "tags": [], "asDropdown": False, "includeVars": False,
             "keepTime": True, "tooltip": ""},
        ],
        "panels": place(panels),
    }
