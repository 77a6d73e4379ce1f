{{- define "outrigger.selector" -}}
app.kubernetes.io/name: outrigger
app.kubernetes.io/component: controller
{{- end }}

{{- define "outrigger.labels" -}}
{{ include "outrigger.selector" . }}
app.kubernetes.io/part-of: outrigger
{{- end }}

{{- define "outrigger.metadata" -}}
name: outrigger-controller
namespace: {{ .Release.Namespace }}
labels:
  {{- include "outrigger.labels" . | nindent 2 }}
{{- end }}

{{- define "outrigger.clusterMetadata" -}}
name: outrigger-controller
labels:
  {{- include "outrigger.labels" . | nindent 2 }}
{{- end }}

{{- define "outrigger.asks" -}}
has(object.metadata.annotations) && 'outrigger.dev/inject' in object.metadata.annotations
{{- end }}

{{- /* The same regular expression that the controller decides by. */ -}}
{{- define "outrigger.asksForRequired" -}}
{{- $names := list -}}
{{- range sortAlpha .Values.required }}{{ $names = append $names (regexQuoteMeta .) }}{{ end -}}
{{ include "outrigger.asks" . }} && object.metadata.annotations['outrigger.dev/inject'].matches(r'(^|,)\s*({{ join "|" $names }})(@[^,]*)?\s*(,|$)')
{{- end }}

{{- define "outrigger.wants" -}}
- name: is-not-told-to-skip
  expression: "!(has(object.metadata.annotations) && 'outrigger.dev/skip' in object.metadata.annotations)"
{{- end }}

{{- define "outrigger.newPods" -}}
- apiGroups: [""]
  apiVersions: [v1]
  resources: [pods]
  scope: Namespaced
  operations: [CREATE]
{{- end }}

{{- /* Of the list: the context, the path, and one more rule for namespaces. */ -}}
{{- define "outrigger.webhook" -}}
{{- $root := index . 0 -}}
admissionReviewVersions: [v1]
sideEffects: None
timeoutSeconds: {{ $root.Values.timeoutSeconds }}
namespaceSelector:
  matchExpressions:
    - key: kubernetes.io/metadata.name
      operator: NotIn
      values: [kube-system, {{ $root.Release.Namespace }}]
    {{- with index . 2 }}
    - key: outrigger.dev/defaults
      operator: In
      values: [{{ . }}]
    {{- end }}
clientConfig:
  service:
    name: outrigger-controller
    namespace: {{ $root.Release.Namespace }}
    path: {{ index . 1 }}
    port: 443
  {{- if eq $root.Values.certificates.kind "files" }}
  caBundle: {{ $root.Values.certificates.authority | b64enc }}
  {{- end }}
{{- end }}

{{- define "outrigger.webhookMetadata" -}}
{{ include "outrigger.clusterMetadata" . }}
{{- if eq .Values.certificates.kind "cert-manager" }}
annotations:
  cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/outrigger-controller
{{- end }}
{{- end }}
