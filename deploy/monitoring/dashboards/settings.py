"""What a user may want to set for all alerts and dashboards at once; then run generate."""

# Where docs/findings.md can be read: the alerts' runbook_url, and the dashboards' links to the guide.
DOCS = "https://github.com/closewatch/closewatch/blob/main/docs/findings.md"
