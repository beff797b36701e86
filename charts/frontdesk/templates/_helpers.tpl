{{/* Name of the chart's objects: the release name, with the chart's name in it once. */}}
{{- define "frontdesk.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Cluster-scoped objects carry the namespace too, so that two releases never fight over one of them. */}}
{{- define "frontdesk.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "frontdesk.fullname" .) | trunc 60 | trimSuffix "-" -}}
{{- end -}}

{{- define "frontdesk.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "frontdesk.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is needed when serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* What selects the operator's pods. Never add to it: a Deployment's selector is immutable. */}}
{{- define "frontdesk.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{- define "frontdesk.labels" -}}
{{ include "frontdesk.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: frontdesk
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* One image reference from {registry, repository, tag, digest}. A digest wins over the tag.
     Call with (dict "image" .Values.image "root" $). */}}
{{- define "frontdesk.imageRef" -}}
{{- $registry := default .image.registry .root.Values.global.imageRegistry -}}
{{- $name := .image.repository -}}
{{- if $registry -}}
{{- $name = printf "%s/%s" $registry .image.repository -}}
{{- end -}}
{{- if .image.digest -}}
{{- printf "%s@%s" $name .image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (default .root.Chart.AppVersion .image.tag) -}}
{{- end -}}
{{- end -}}

{{/* The image of the tenants' servers: the operator's own, field by field, unless said otherwise. */}}
{{- define "frontdesk.serverImageRef" -}}
{{- $own := .Values.image -}}
{{- $server := .Values.server.image -}}
{{- $image := dict
      "registry" (default $own.registry $server.registry)
      "repository" (default $own.repository $server.repository)
      "tag" (default $own.tag $server.tag)
      "digest" $server.digest -}}
{{- if and (not $server.repository) (not $server.tag) (not $server.digest) -}}
{{- $_ := set $image "digest" $own.digest -}}
{{- end -}}
{{- include "frontdesk.imageRef" (dict "image" $image "root" .) -}}
{{- end -}}

{{/* The image of another release of the server. Call with (dict "release" {version, tag, digest} "root" $). */}}
{{- define "frontdesk.otherServerImageRef" -}}
{{- $own := .root.Values.image -}}
{{- $server := .root.Values.server.image -}}
{{- $image := dict
      "registry" (default $own.registry $server.registry)
      "repository" (default $own.repository $server.repository)
      "tag" (default .release.version .release.tag)
      "digest" .release.digest -}}
{{- include "frontdesk.imageRef" (dict "image" $image "root" .root) -}}
{{- end -}}

{{/* The rules in files/rbac, which is a copy of config/rbac and generated from the controllers' markers, for one purpose:
       tenants   what is needed where tenants live
       reviews   asking the API server who reads the metrics: by nature cluster-wide
       apis      noticing when optional APIs are installed: by nature cluster-wide
       operator  what is needed in the operator's own namespace
     Call with (dict "for" "tenants" "root" $). */}}
{{- define "frontdesk.rules" -}}
{{- $for := .for -}}
{{- $rules := list -}}
{{- range splitList "\n---\n" (printf "\n%s" (.root.Files.Get "files/rbac/role.yaml")) -}}
{{- $role := fromYaml . -}}
{{- range $rule := $role.rules -}}
{{- $purpose := "tenants" -}}
{{- if eq $role.kind "Role" -}}
{{- $purpose = "operator" -}}
{{- else if or (has "authentication.k8s.io" $rule.apiGroups) (has "authorization.k8s.io" $rule.apiGroups) -}}
{{- $purpose = "reviews" -}}
{{- else if has "apiextensions.k8s.io" $rule.apiGroups -}}
{{- $purpose = "apis" -}}
{{- end -}}
{{- if eq $purpose $for -}}
{{- $rules = append $rules $rule -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $rules -}}
{{- end -}}
