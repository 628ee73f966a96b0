{{- define "roadstead.name" -}}
{{- contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "roadstead.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "roadstead.labels" -}}
{{ include "roadstead.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: hub
{{- end }}

{{- /* Cluster-wide objects have the namespace in their name: two releases may not share them. */ -}}
{{- define "roadstead.wide" -}}
{{ include "roadstead.name" . }}-{{ .Release.Namespace }}
{{- end }}

{{- define "roadstead.image" -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- /* What the file of --config says: the values of `config`, and what the chart knows. */ -}}
{{- define "roadstead.config" -}}
{{- $known := dict "listen" (printf "0.0.0.0:%v" 8420) -}}
{{- if not (hasKey .Values.config "name") }}{{ $_ := set $known "name" (printf "hub@%s.%s" (include "roadstead.name" .) .Release.Namespace) }}{{ end -}}
{{- if .Values.access.secret }}{{ $_ := set $known "access" "/etc/roadstead/access/access.yaml" }}{{ end -}}
{{- if .Values.alerts.secret }}{{ $_ := set $known "secrets" "/etc/roadstead/secrets" }}{{ end -}}
{{- if .Values.tls.secret -}}
{{- $_ := set $known "tls-cert" "/etc/roadstead/tls/tls.crt" -}}
{{- $_ := set $known "tls-key" "/etc/roadstead/tls/tls.key" -}}
{{- else if not .Values.config.proxy -}}
{{- $_ := set $known "insecure-listen" true -}}
{{- end -}}
{{- if not .Values.database.secret }}{{ $_ := set $known "database" "sqlite:////var/lib/roadstead/hub.db" }}{{ end -}}
{{- $hooks := list -}}
{{- range $provider, $secret := .Values.webhooks }}{{ $hooks = append $hooks (printf "%s=/etc/roadstead/webhooks/%s/secret" $provider $provider) }}{{ end -}}
{{- if $hooks }}{{ $_ := set $known "webhook-secret" $hooks }}{{ end -}}
{{ merge (dict) $known .Values.config | toYaml }}
{{- end }}
