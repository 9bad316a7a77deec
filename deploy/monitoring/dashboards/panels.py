"""Building blocks of the dashboards: what all panels have in common is said once, here."""

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
CLUSTER = "closewatch-cluster"
NODE = "closewatch-node"
EXPLANATIONS = 1000

GREEN, AMBER, RED, BLUE = "green", "orange", "red", "blue"
PLAIN = [(None, BLUE)]
BAD = [(None, GREEN), (1, RED)]
SUSPECT = [(None, GREEN), (1, AMBER)]
FULL = [(None, GREEN), (0.75, AMBER), (0.9, RED)]
OF_RECOMMENDED = [(None, RED), (0.25, AMBER), (1, GREEN)]


def link(title, url, new_tab=False):
    return {"title": title, "url": url, "targetBlank": new_tab}


def keep_variables(*names):
    return "&".join("${%s:queryparam}" % name for name in names)


# ${__data.fields.x} is the cell of column x in the row that was clicked.
TO_NODE = link("Show node ${__data.fields.node}", "/d/%s?var-node=${__data.fields.node}&%s&${__url_time_range}" % (NODE, keep_variables("datasource", "job", "cluster")))
TO_NODE_SERIES = link("Show node ${__field.labels.node}", "/d/%s?var-node=${__field.labels.node}&%s&${__url_time_range}" % (NODE, keep_variables("datasource", "job", "cluster")))
EXPLAIN = link("What ${__data.fields.finding} means", "/d/%s?viewPanel=%d" % (CLUSTER, EXPLANATIONS))
EXPLAIN_PUBLISHED = link("${__data.fields.finding} in the guide", "${docs:raw}#${__data.fields.finding}", new_tab=True)


def target(expression, legend="", instant=False, table=False, ref="A"):
    return {"refId": ref, "datasource": DATASOURCE, "editorMode": "code", "expr": expression, "legendFormat": legend or "__auto",
            "instant": instant, "range": not instant, "format": "table" if table else "time_series"}


def targets(queries, **options):
    pairs = [queries] if isinstance(queries, (str, tuple)) else queries
    pairs = [(pair, "") if isinstance(pair, str) else pair for pair in pairs]
    return [target(expression, legend, ref="ABCDEFGH"[index], **options) for index, (expression, legend) in enumerate(pairs)]


def thresholds(steps):
    return {"mode": "absolute", "steps": [{"value": value, "color": color} for value, color in steps]}


def panel(kind, title, description, width, height, queries, unit, steps, empty, links=(), **custom):
    return {"type": kind, "title": title, "description": description, "datasource": DATASOURCE, "size": (width, height), "targets": queries,
            "fieldConfig": {"defaults": {"unit": unit, "thresholds": thresholds(steps), "noValue": empty, "links": list(links), "custom": custom}, "overrides": []},
            "options": {}}


def stat(title, description, queries, unit="short", steps=PLAIN, empty="none", width=3, links=()):
    made = panel("stat", title, description, width, 4, targets(queries, instant=True), unit, steps, empty, links)
    made["fieldConfig"]["defaults"]["color"] = {"mode": "thresholds"}
    made["options"] = {"colorMode": "value", "graphMode": "none", "justifyMode": "auto", "textMode": "value",
                       "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    return made


def series(title, description, queries, unit="short", steps=PLAIN, empty="none", width=12, height=8, stacked=False, links=(), lines=False, maximum=None):
    made = panel("timeseries", title, description, width, height, targets(queries), unit, steps, empty, links,
                 lineWidth=1, fillOpacity=25 if stacked else 8, showPoints="never", stacking={"mode": "normal" if stacked else "none", "group": "A"},
                 thresholdsStyle={"mode": "line" if lines else "off"})
    defaults = made["fieldConfig"]["defaults"]
    defaults.update({"min": 0, "color": {"mode": "palette-classic"}})
    if maximum is not None:
        defaults["max"] = maximum
    made["options"] = {"legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"], "showLegend": True},
                       "tooltip": {"mode": "multi", "sort": "desc"}}
    return made


def heat(title, description, query, unit="s", empty="none", width=8, height=8):
    """Buckets of a histogram over time: the darker, the more."""
    made = panel("heatmap", title, description, width, height, [dict(target(query, "{{le}}"), format="heatmap")], unit, PLAIN, empty,
                 hideFrom={"legend": False, "tooltip": False, "viz": False}, scaleDistribution={"type": "linear"})
    made["options"] = {"calculate": False, "cellGap": 1, "cellValues": {"unit": "short"}, "color": {"mode": "scheme", "scheme": "Blues", "steps": 32, "exponent": 0.5,
                       "fill": BLUE, "reverse": False, "scale": "exponential"}, "exemplars": {"color": RED}, "filterValues": {"le": 1e-9},
                       "legend": {"show": True}, "rowsFrame": {"layout": "auto"}, "showValue": "never", "tooltip": {"mode": "single", "showColorScale": False, "yHistogram": False},
                       "yAxis": {"axisPlacement": "left", "reverse": False, "unit": unit}}
    return made


def bars(title, description, queries, unit="short", steps=PLAIN, empty="none", width=12, height=8, maximum=None, links=()):
    made = panel("bargauge", title, description, width, height, targets(queries, instant=True), unit, steps, empty, links)
    made["fieldConfig"]["defaults"].update({"min": 0, "color": {"mode": "thresholds"}})
    if maximum is not None:
        made["fieldConfig"]["defaults"]["max"] = maximum
    made["options"] = {"displayMode": "basic", "orientation": "horizontal", "showUnfilled": True, "valueMode": "color",
                       "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    return made


def history(title, description, queries, empty="none", width=12, height=7):
    """Up or down over time."""
    made = panel("state-timeline", title, description, width, height, targets(queries), "short", [(None, RED), (1, GREEN)], empty, lineWidth=0, fillOpacity=70)
    made["fieldConfig"]["defaults"].update({"color": {"mode": "thresholds"}, "mappings": [
        {"type": "value", "options": {"0": {"text": "down", "color": RED, "index": 0}, "1": {"text": "up", "color": GREEN, "index": 1}}}]})
    made["options"] = {"mergeValues": True, "showValue": "auto", "rowHeight": 0.8, "alignValue": "left", "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False},
                       "tooltip": {"mode": "single", "sort": "none"}}
    return made


def table(title, description, queries, columns, unit="short", steps=PLAIN, empty="none", width=24, height=8, links=None, sort=None):
    """columns: what each query's value is called, with its unit and thresholds; none hides the value. links: column -> links."""
    made = panel("table", title, description, width, height, targets(queries, instant=True, table=True), unit, steps, empty, filterable=True)
    multiple = len(columns) > 1
    names = {"Value #%s" % "ABCDEFGH"[index] if multiple else "Value": name for index, (name, *_) in enumerate(columns)}
    made["transformations"] = ([{"id": "merge", "options": {}}] if multiple else []) + [
        {"id": "organize", "options": {"excludeByName": {"Time": True, **({} if columns else {"Value": True})}, "indexByName": {}, "renameByName": names}}]
    overrides = made["fieldConfig"]["overrides"]
    for name, *special in columns:
        properties = []
        if special:
            properties.append({"id": "unit", "value": special[0]})
        if len(special) > 1:
            properties += [{"id": "thresholds", "value": thresholds(special[1])}, {"id": "custom.cellOptions", "value": {"type": "color-text"}}]
        if properties:
            overrides.append({"matcher": {"id": "byName", "options": name}, "properties": properties})
    for column, column_links in (links or {}).items():
        overrides.append({"matcher": {"id": "byName", "options": column}, "properties": [{"id": "links", "value": column_links}]})
    made["fieldConfig"]["defaults"]["color"] = {"mode": "thresholds"}
    made["options"] = {"showHeader": True, "cellHeight": "sm", "footer": {"show": False, "reducer": [], "fields": ""},
                       "sortBy": [{"displayName": sort, "desc": True}] if sort else []}
    return made


def text(title, description, markdown, height):
    return {"type": "text", "title": title, "description": description, "size": (24, height), "options": {"mode": "markdown", "content": markdown}}


def row(title):
    return {"type": "row", "title": title, "size": (24, 1), "collapsed": False, "panels": []}
