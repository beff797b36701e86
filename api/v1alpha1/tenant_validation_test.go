package v1alpha1_test

import (
	"fmt"
	"slices"
	"strings"
)

func create(name, base string, edits ...edit) accepted {
	return accepted{name: name, base: base, edits: edits}
}

func update(name, base string, before []edit, edits ...edit) accepted {
	return accepted{name: name, base: base, before: before, edits: edits, update: true}
}

// refuse is a case in which one field has one wrong value.
func refuse(base, field string, value any, message string) refused {
	return refused{create(fmt.Sprintf("%s=%v", field, value), base, set(field, value)), field, message}
}

// refuseEach gives each of the fields the same wrong value.
func refuseEach(base string, value any, message string, fields ...string) []refused {
	var cases []refused
	for _, field := range fields {
		cases = append(cases, refuse(base, field, value, message))
	}
	return cases
}

// manyResources and manyServices fill a tenant to its limits: the rule about unknown resources is the dearest
// one to evaluate, and the API server must not run out of patience there.
func manyResources() []any {
	var list []any
	for i := range 100 {
		list = append(list, map[string]any{"id": fmt.Sprintf("resource-%031d", i), "kind": "Room", "name": "Room"})
	}
	return list
}

func manyServices(requirements, choices int) []any {
	var ids []any
	for i := range choices {
		ids = append(ids, fmt.Sprintf("resource-%031d", 99-i))
	}
	requirement := map[string]any{"anyOf": ids}
	var list []any
	for i := range 100 {
		list = append(list, map[string]any{
			"id": fmt.Sprintf("service-%d", i), "name": "Service", "duration": "30m",
			"requires": slices.Repeat([]any{requirement}, requirements),
		})
	}
	return list
}

// unknownFields are what a tenant must not be able to say, among them all that would let its pods out.
func unknownFields() []edit {
	return []edit{
		set("spec.services[0].colour", "red"),
		set("spec.server.pod.serviceAccountName", "admin"),
		set("spec.server.pod.hostNetwork", true),
		set("spec.server.pod.securityContext", map[string]any{}),
		set("spec.server.pod.volumes", []any{}),
		set("spec.server.pod.containers", []any{}),
	}
}

func acceptedTenants() []accepted {
	return []accepted{
		create("everything", "tenant"),
		create("the least", "tenant-sqlite", unset("spec.database"), unset("spec.server"), unset("spec.exposure")),
		create("engine SQLite", "tenant-sqlite"),
		create("alerts by e-mail without a mail server of its own", "tenant", unset("spec.integrations")),
		create("engine CloudNativePG", "tenant-cloudnativepg"),
		create("engine CloudNativePG without a block", "tenant-cloudnativepg", unset("spec.database.cloudNativePG")),
		create("engine JSONFile", "tenant-sqlite", set("spec.database", map[string]any{"engine": "JSONFile"})),
		create("a server of the platform", "tenant-server"),
		create("a name of 40 characters", "tenant", set("metadata.name", "a"+strings.Repeat("b", 39))),
		create("an e-mail address of any letters", "tenant", set("spec.contact.email", "größe+termin@brightsmile.example")),
		create("a display name of 120 characters", "tenant", set("spec.displayName", strings.Repeat("ö", 120))),
		create("as many services and resources as possible", "tenant", set("spec.resources", manyResources()), set("spec.services", manyServices(4, 20))),
		create("a zone with three parts", "tenant", set("spec.timeZone", "America/Argentina/Buenos_Aires")),
		create("a language alone", "tenant", set("spec.locale", "de")),
		create("a language with a script", "tenant", set("spec.locale", "zh-Hans-CN")),
		create("the longest service", "tenant", set("spec.services[0].duration", "24h")),
		create("the shortest service", "tenant", set("spec.services[0].duration", "60s")),
		create("no burst", "tenant", unset("spec.access.rateLimit.burst")),
		create("a mail server in the cluster", "tenant",
			set("spec.integrations.email", yamlValue("{host: mail.frontdesk.svc, port: 1025, encryption: None, from: a@b.example}"))),
		create("a version that is empty", "tenant", set("spec.updates.version", "")),
		create("five nines", "tenant", set("spec.alerts.slo.availability", "99.999")),
		create("a whole day", "tenant", set("spec.updates.windows[0].spans[0]", yamlValue(`{from: "00:00", to: "24:00"}`))),
		update("grow the volume", "tenant-sqlite", nil, set("spec.database.sqlite.size", "2Gi")),
		update("the same size in other words", "tenant-sqlite", nil, set("spec.database.sqlite.size", "1024Mi")),
		update("grow the cluster's volumes", "tenant-cloudnativepg", nil, set("spec.database.cloudNativePG.size", "20Gi")),
		update("another URL", "tenant", nil, set("spec.database.postgres.urlSecretRef.name", "db2")),
		update("from SQLite to Postgres", "tenant-sqlite", nil,
			set("spec.database", yamlValue("{engine: Postgres, migrateFrom: SQLite, postgres: {server: shared}}"))),
		update("from the default to CloudNativePG", "tenant-sqlite", []edit{unset("spec.database")},
			set("spec.database", yamlValue("{engine: CloudNativePG, migrateFrom: SQLite}"))),
		update("after the migration", "tenant", nil, unset("spec.database.migrateFrom")),
	}
}

func refusedTenants() []refused {
	return slices.Concat(
		refusedTenantNames(), refusedCatalogues(), refusedDatabases(), refusedDatabaseChanges(),
		refusedIntegrations(), refusedServers(), refusedOperations(),
		refuseEach("tenant", "Not A Name", "must be the name of an object",
			"spec.bookingPolicyRef.name", "spec.resources[0].bookingPolicyRef.name",
			"spec.database.postgres.urlSecretRef.name", "spec.cache.redis.urlSecretRef.name",
			"spec.integrations.vapi.credentialsSecretRef.name", "spec.integrations.twilio.credentialsSecretRef.name",
			"spec.integrations.googleCalendar.credentialsSecretRef.name", "spec.integrations.email.credentialsSecretRef.name",
			"spec.integrations.webhooks[0].secretRef.name", "spec.server.pod.priorityClassName",
			"spec.server.pod.imagePullSecrets[0].name", "spec.exposure.gateway.name", "spec.exposure.gateway.sectionName"),
		refuseEach("tenant-sqlite", "Not A Name", "must be the name of an object",
			"spec.database.sqlite.storageClassName", "spec.exposure.ingress.className", "spec.exposure.ingress.tlsSecretName"),
		refuseEach("tenant-cloudnativepg", "Not A Name", "must be the name of an object", "spec.database.cloudNativePG.storageClassName"),
		refuseEach("tenant", "a/b", "must be the name of an entry in a Secret",
			"spec.database.postgres.urlSecretRef.key", "spec.cache.redis.urlSecretRef.key", "spec.integrations.webhooks[0].secretRef.key"),
		refuseEach("tenant", "Dr Khan", "must be lower-case letters, digits and hyphens",
			"spec.resources[0].id", "spec.services[0].id", "spec.services[0].requires[0].anyOf[0]", "spec.integrations.webhooks[0].name"),
		refuseEach("tenant-server", "-shared", "must be lower-case letters, digits and hyphens", "spec.database.postgres.server"),
		refuseEach("tenant", " blank", "does not start or end with a blank",
			"spec.displayName", "spec.resources[0].name", "spec.services[0].name"),
		refuseEach("tenant", "two\nlines", "must be one line", "spec.displayName"),
	)
}

func refusedTenantNames() []refused {
	name := func(name, message string) refused {
		return refused{create("name="+name, "tenant", set("metadata.name", name)), wholeObject, message}
	}
	return []refused{
		name(strings.Repeat("a", 41), "at most 40 characters"),
		name("1st-dental", "starting with a letter"),
		name("bright.smile", "without dots"),
		refuse("tenant", "spec.displayName", strings.Repeat("a", 300), "may not be more than 120"),
		refuse("tenant", "spec.displayName", "", "should be at least 1 chars long"),
		refuse("tenant", "spec.timeZone", "GMT+1", "must be an IANA time zone like Europe/London"),
		refuse("tenant", "spec.timeZone", "europe/london", "must be an IANA time zone like Europe/London"),
		refuse("tenant", "spec.timeZone", "Local", "must be an IANA time zone like Europe/London"),
		refuse("tenant", "spec.locale", "english", "must be a language tag like en or en-GB"),
		refuse("tenant", "spec.region", "gb", "must be a country code of two capitals"),
		refuse("tenant", "spec.contact", map[string]any{}, "needs an email or a phone"),
		refuse("tenant", "spec.contact.email", "owner at brightsmile", "must be one plain e-mail address"),
		refuse("tenant", "spec.contact.email", "owner@brightsmile.example\r\nSubject:changed", "must be one plain e-mail address"),
		refuse("tenant", "spec.contact.email", "owner@brightsmile.example\n", "must be one plain e-mail address"),
		refuse("tenant", "spec.contact.phone", "020 7946 0000", "must be a phone number in E.164"),
		refuse("tenant", "spec.contact.phone", "+0207946000", "must be a phone number in E.164"),
		refuse("tenant", "spec.runState", "Paused", `supported values: "Running", "Suspended"`),
		refuse("tenant", "spec.deletionPolicy", "Keep", `supported values: "Retain", "Delete"`),
		{create("unset bookingPolicyRef", "tenant", unset("spec.bookingPolicyRef")), "spec.bookingPolicyRef", "Required value"},
	}
}

func refusedCatalogues() []refused {
	return []refused{
		refuse("tenant", "spec.resources", []any{}, "should have at least 1 items"),
		{create("two resources with one id", "tenant", set("spec.resources[1].id", "dr-khan")), "spec.resources[1]", "Duplicate value"},
		{create("a calendar for two units", "tenant", set("spec.resources[0].capacity", int64(2))), "spec.resources[0].calendarID", "one calendar cannot say which of several units is busy"},
		refuse("tenant", "spec.resources[0].capacity", int64(0), "should be greater than or equal to 1"),
		refuse("tenant", "spec.resources[0].kind", "Person", `supported values: "Staff", "Room", "Equipment"`),
		{create("an unknown resource", "tenant", set("spec.services[0].requires[1].anyOf[0]", "room-9")), "spec.services", "requires.anyOf may only name ids from spec.resources"},
		{create("too many choices", "tenant", set("spec.resources", manyResources()), set("spec.services", manyServices(5, 50))), "spec.services", "may have at most 8000 entries together"},
		{create("a resource named twice", "tenant", set("spec.services[0].requires[1].anyOf", []any{"room", "room"})), "spec.services[0].requires[1].anyOf[1]", "Duplicate value"},
		{create("two services with one id", "tenant", set("spec.services", yamlValue(
			"[{id: a, name: A, duration: 1h, requires: [{anyOf: [room]}]}, {id: a, name: B, duration: 1h, requires: [{anyOf: [room]}]}]"))), "spec.services[1]", "Duplicate value"},
		refuse("tenant", "spec.services[0].requires", []any{}, "should have at least 1 items"),
		refuse("tenant", "spec.services[0].duration", "half an hour", "must be a duration like 30m"),
		refuse("tenant", "spec.services[0].duration", "1.5h", "must be a duration like 30m"),
		refuse("tenant", "spec.services[0].duration", "-30m", "must be a duration like 30m"),
		refuse("tenant", "spec.services[0].duration", "59s", "must be from 1m to 24h"),
		refuse("tenant", "spec.services[0].duration", "24h1s", "must be from 1m to 24h"),
		refuse("tenant", "spec.services[0].groupSize", int64(0), "should be greater than or equal to 1"),
	}
}

func refusedDatabases() []refused {
	database := func(yaml, field, message string) refused {
		return refused{create(yaml, "tenant", set("spec.database", yamlValue(yaml))), "spec.database" + field, message}
	}
	return []refused{
		database("{engine: MySQL}", ".engine", `supported values: "SQLite", "Postgres", "CloudNativePG", "JSONFile"`),
		database("{engine: Postgres}", ".postgres", "must be set when engine is Postgres, and only then"),
		database("{engine: SQLite, postgres: {server: shared}}", ".postgres", "must be set when engine is Postgres, and only then"),
		database("{postgres: {server: shared}}", ".postgres", "must be set when engine is Postgres, and only then"),
		database("{engine: Postgres, postgres: {server: shared}, sqlite: {size: 1Gi}}", ".sqlite", "may only be set when engine is SQLite"),
		database("{engine: Postgres, postgres: {server: shared}, cloudNativePG: {}}", ".cloudNativePG", "may only be set when engine is CloudNativePG"),
		database("{engine: Postgres, postgres: {}}", ".postgres", "exactly one of server and urlSecretRef must be set"),
		database("{engine: Postgres, postgres: {server: shared, urlSecretRef: {name: db, key: url}}}", ".postgres", "exactly one of server and urlSecretRef must be set"),
		database("{engine: SQLite, migrateFrom: SQLite}", ".migrateFrom", "data moves from SQLite to one of those, never back"),
		database("{engine: Postgres, postgres: {server: shared}, migrateFrom: Postgres}", ".migrateFrom", `supported values: "SQLite"`),
		database("{engine: JSONFile, adopt: true}", ".adopt", "is not possible with engine JSONFile"),
		refuse("tenant-sqlite", "spec.database.sqlite.size", "63Mi", "must be at least 64Mi"),
		refuse("tenant-cloudnativepg", "spec.database.cloudNativePG.size", "100Mi", "must be at least 1Gi"),
		refuse("tenant-cloudnativepg", "spec.database.cloudNativePG.instances", int64(0), "should be greater than or equal to 1"),
	}
}

func refusedDatabaseChanges() []refused {
	change := func(name, base string, before []edit, field, message string, edits ...edit) refused {
		return refused{update(name, base, before, edits...), "spec.database." + field, message}
	}
	return []refused{
		change("engine without migrateFrom", "tenant-sqlite", nil, "engine", "cannot be changed, because the data would stay behind",
			set("spec.database", yamlValue("{engine: Postgres, postgres: {server: shared}}"))),
		change("engine back to SQLite", "tenant-server", nil, "engine", "cannot be changed, because the data would stay behind",
			set("spec.database", yamlValue("{engine: SQLite}"))),
		change("engine left out", "tenant-server", nil, "engine", "cannot be changed, because the data would stay behind",
			unset("spec.database")),
		change("from one Postgres to another", "tenant-server", nil, "engine", "cannot be changed, because the data would stay behind",
			set("spec.database", yamlValue("{engine: CloudNativePG, migrateFrom: SQLite}"))),
		change("from JSONFile", "tenant-sqlite", []edit{set("spec.database", yamlValue("{engine: JSONFile}"))}, "engine", "cannot be changed",
			set("spec.database", yamlValue("{engine: Postgres, migrateFrom: SQLite, postgres: {server: shared}}"))),
		change("another server", "tenant-server", nil, "postgres.server", "cannot be changed, because the data would stay behind",
			set("spec.database.postgres.server", "other")),
		change("a URL instead of a server", "tenant-server", nil, "postgres.server", "cannot be changed, because the data would stay behind",
			set("spec.database.postgres", yamlValue("{urlSecretRef: {name: db, key: url}}"))),
		change("a smaller volume", "tenant-sqlite", nil, "sqlite.size", "cannot shrink", set("spec.database.sqlite.size", "1023Mi")),
		change("another class", "tenant-sqlite", nil, "sqlite.storageClassName", "a volume keeps its class", set("spec.database.sqlite.storageClassName", "slow")),
		change("smaller volumes", "tenant-cloudnativepg", nil, "cloudNativePG.size", "cannot shrink", set("spec.database.cloudNativePG.size", "5Gi")),
		change("no class", "tenant-cloudnativepg", nil, "cloudNativePG.storageClassName", "a volume keeps its class", unset("spec.database.cloudNativePG.storageClassName")),
	}
}

func refusedIntegrations() []refused {
	return slices.Concat([]refused{
		refuse("tenant", "spec.integrations.vapi.assistantID", "asst 1", "should match"),
		refuse("tenant", "spec.integrations.vapi.phoneNumberID", "pn/1", "should match"),
		refuse("tenant", "spec.integrations.twilio.from", "Bright Smile", "must be a phone number in E.164"),
		refuse("tenant", "spec.integrations.twilio.messagingServiceSID", "SK0123456789abcdef0123456789abcdef", "should match"),
		{create("no sender", "tenant", unset("spec.integrations.twilio.from"), unset("spec.integrations.twilio.messagingServiceSID")), "spec.integrations.twilio", "needs from or messagingServiceSID"},
		refuse("tenant", "spec.integrations.email.host", "smtp.example:587", "without scheme, port or wildcard"),
		refuse("tenant", "spec.integrations.email.from", "Bright Smile <a@b.example>", "must be one plain e-mail address"),
		refuse("tenant", "spec.integrations.email.encryption", "None", "the password would travel in plain text"),
		refuse("tenant", "spec.integrations.webhooks[0].url", "http://crm.example/hook", "must be an https:// URL"),
		refuse("tenant", "spec.integrations.webhooks[0].url", "http://evil.example/.svc", "must be an https:// URL"),
		refuse("tenant", "spec.integrations.webhooks[0].url", "http://a.svc@evil.example", "must be an https:// URL"),
		refuse("tenant", "spec.integrations.webhooks[0].events[0]", "booking.confirm", "supported values"),
		{create("two webhooks with one name", "tenant", set("spec.integrations.webhooks", yamlValue(
			"[{name: a, url: 'https://a.example', secretRef: {name: s, key: k}, events: [call.completed]}, {name: a, url: 'https://b.example', secretRef: {name: s, key: k}, events: [call.completed]}]"))), "spec.integrations.webhooks[1]", "Duplicate value"},
	}, refuseEach("tenant", "ftp://vapi.example", "must be an https:// URL",
		"spec.integrations.vapi.baseURL", "spec.integrations.twilio.baseURL", "spec.integrations.googleCalendar.baseURL"))
}

func refusedServers() []refused {
	return []refused{
		{create("two replicas on SQLite", "tenant-sqlite", set("spec.server.replicas", int64(2))), "spec.server", "server.replicas is at most 1"},
		{create("two replicas on JSONFile", "tenant-sqlite", set("spec.database", yamlValue("{engine: JSONFile}")), set("spec.server.replicas", int64(2))), "spec.server", "server.replicas is at most 1"},
		{create("autoscaling on SQLite", "tenant-sqlite", set("spec.server", yamlValue("{autoscaling: {maxReplicas: 3}}"))), "spec.server", "server.autoscaling is not possible"},
		{create("replicas and autoscaling", "tenant", set("spec.server.replicas", int64(3))), "spec.server", "only one of replicas and autoscaling may be set"},
		{create("no replicas", "tenant-cloudnativepg", set("spec.server.replicas", int64(0))), "spec.server.replicas", "should be greater than or equal to 1"},
		{create("more at least than at most", "tenant", set("spec.server.autoscaling.maxReplicas", int64(1))), "spec.server.autoscaling.minReplicas", "must not be greater than maxReplicas"},
		refuse("tenant", "spec.server.pod.labels", yamlValue("{app.kubernetes.io/name: mine}"), "by which the operator finds its pods"),
		refuse("tenant", "spec.server.pod.labels", yamlValue("{frontdesk.dev/tenant: other}"), "by which the operator finds its pods"),
		refuse("tenant", "spec.server.pod.annotations", yamlValue("{frontdesk.dev/nudge: now}"), "which is the operator's"),
		refuse("tenant", "spec.server.pod.annotations", yamlValue("{container.apparmor.security.beta.kubernetes.io/server: unconfined}"), "security settings cannot be adjusted"),
		refuse("tenant", "spec.server.resources", yamlValue("{claims: [{name: gpu}]}"), "must not have claims"),
		refuse("tenant", "spec.access.rateLimit.requestsPerMinute", int64(0), "should be greater than or equal to 1"),
	}
}

func refusedOperations() []refused {
	return slices.Concat([]refused{
		refuse("tenant", "spec.exposure.host", "https://brightsmile.example", "without scheme, port or wildcard"),
		refuse("tenant", "spec.exposure.host", "*.book.example", "without scheme, port or wildcard"),
		refuse("tenant", "spec.exposure.host", "BrightSmile.example", "must be a host name in lower case"),
		{create("gateway and ingress", "tenant", set("spec.exposure.ingress", map[string]any{})), "spec.exposure", "exactly one of gateway and ingress must be set"},
		{create("neither gateway nor ingress", "tenant", unset("spec.exposure.gateway")), "spec.exposure", "exactly one of gateway and ingress must be set"},
		refuse("tenant", "spec.exposure.gateway.namespace", "Gateways", "should match"),
		refuse("tenant", "spec.alerts.emails[0]", "nobody", "must be one plain e-mail address"),
		refuse("tenant", "spec.alerts.emails[0]", "owner@brightsmile.example\nX-Priority:1", "must be one plain e-mail address"),
		refuse("tenant", "spec.alerts.slo.availability", "100", "must be a percentage in quotes"),
		refuse("tenant", "spec.alerts.slo.latency", "1ms", "must be from 10ms to 30s"),
		refuse("tenant", "spec.alerts.slo.latency", "fast", "must be a duration like 30m"),
		refuse("tenant", "spec.updates.version", "v1.4.2", "must be a release like 1.4.2"),
		refuse("tenant", "spec.updates.version", "latest", "must be a release like 1.4.2"),
	}, refusedWeeks("tenant", "spec.updates.windows"))
}
