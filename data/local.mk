# Who watches: alert rules for Prometheus and a dashboard for Grafana (doc/monitoring.md).
monitoringdir = $(datadir)/openmmo/monitoring
dist_monitoring_DATA = data/prometheus/openmmo-rules.yml data/grafana/openmmo.json
EXTRA_DIST += data/prometheus/openmmo-rules-test.yml
# Completion for bash, found there by its name.
bashcompdir = $(datadir)/bash-completion/completions
dist_bashcomp_DATA = data/bash-completion/openmmo-console
