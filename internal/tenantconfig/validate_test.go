package tenantconfig_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

type document = tenantconfig.Document

// invalid is one fault of an otherwise good document, and what must be said about it.
type invalid struct {
	name    string
	change  func(*document)
	field   string
	message string
}

func (c invalid) run(t *testing.T) {
	t.Helper()
	doc := full(t)
	c.change(doc)
	err := doc.Validate()
	validation, ok := errors.AsType[*tenantconfig.ValidationError](err)
	if !ok {
		t.Fatalf("Validate() = %v, want a ValidationError", err)
	}
	want := []tenantconfig.FieldError{{Field: c.field, Message: c.message}}
	if diff := cmp.Diff(want, validation.Errors); diff != "" {
		t.Errorf("faults differ (-want +got):\n%s", diff)
	}
}

func runAll(t *testing.T, cases []invalid) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}

func TestValidateTenant(t *testing.T) {
	t.Parallel()
	zone := func(name string) func(*document) { return func(d *document) { d.Tenant.TimeZone = name } }
	runAll(t, []invalid{
		{"no version", func(d *document) { d.Version = "" }, "version", `"" is not a document version that this build reads: use "1.2"`},
		{"another major version", func(d *document) { d.Version = "2.0" }, "version", `"2.0" is not a document version that this build reads: use "1.2"`},
		{"no name", func(d *document) { d.Tenant.Name = "" }, "tenant.name", "is required"},
		{"blank display name", func(d *document) { d.Tenant.DisplayName = " \t" }, "tenant.displayName", "is required"},
		{"display name of 300 characters", func(d *document) { d.Tenant.DisplayName = strings.Repeat("é", 300) }, "tenant.displayName", "has 300 characters; at most 120 are allowed"},
		{"display name with a line break", func(d *document) { d.Tenant.DisplayName = "a\nb" }, "tenant.displayName", "has a control character in it, such as a line break"},
		{"display name not UTF-8", func(d *document) { d.Tenant.DisplayName = "a\xff" }, "tenant.displayName", "is not valid UTF-8 text"},
		{"no zone", zone(""), "tenant.timeZone", `"" is not a time zone: use an IANA name such as Europe/London`},
		{"the host's zone", zone("Local"), "tenant.timeZone", `"Local" is not a time zone: use an IANA name such as Europe/London`},
		{"the host's zone by its file", zone("localtime"), "tenant.timeZone", `"localtime" is not a time zone: use an IANA name such as Europe/London`},
		{"a zone with leap seconds", zone("right/Europe/London"), "tenant.timeZone", `"right/Europe/London" is not a time zone: use an IANA name such as Europe/London`},
		{"a zone that does not exist", zone("Europe/Londinium"), "tenant.timeZone", `"Europe/Londinium" is not a time zone: use an IANA name such as Europe/London`},
		{"a path", zone("../../etc/passwd"), "tenant.timeZone", `"../../etc/passwd" is not a time zone: use an IANA name such as Europe/London`},
		{"locale", func(d *document) { d.Tenant.Locale = "British English" }, "tenant.locale", `"British English" is not a language tag: use one such as en-GB`},
		{"region", func(d *document) { d.Tenant.Region = "gb" }, "tenant.region", `"gb" is not a region: use the two capital letters of ISO 3166-1, such as GB`},
		{"e-mail", func(d *document) { d.Tenant.Contact.Email = "Desk <desk@example.com>" }, "tenant.contact.email", `"Desk <desk@example.com>" is not an e-mail address: write one such as desk@example.com`},
		{"phone", func(d *document) { d.Tenant.Contact.Phone = "020 7946 0000" }, "tenant.contact.phone", `"020 7946 0000" is not an E.164 number: write + and the country code, such as +442079460000`},
		{"URL", func(d *document) { d.Tenant.URL = "brightsmile.example" }, "tenant.url", `"brightsmile.example" is not a web address: write one such as https://book.example.com`},
	})
}

func TestValidateResourcesAndServices(t *testing.T) {
	t.Parallel()
	runAll(t, []invalid{
		{"resource id", func(d *document) { d.Resources[2].ID, d.Services[1].Requires = "Room 2", d.Services[1].Requires[:1] }, "resources[2].id",
			`"Room 2" is not an identifier: use 1 to 40 lower-case letters, digits and hyphens, with a letter or digit at both ends`},
		{"resource id twice", func(d *document) { d.Resources = append(d.Resources, d.Resources[0]) }, "resources[3].id", `"dr-khan" is used twice; identifiers must be unique`},
		{"resource name", func(d *document) { d.Resources[0].Name = "" }, "resources[0].name", "is required"},
		{"resource kind", func(d *document) { d.Resources[0].Kind = "Robot" }, "resources[0].kind", `"Robot" is not a kind of resource: use Staff, Room or Equipment`},
		{"no capacity", func(d *document) { d.Resources[0].Capacity = 0 }, "resources[0].capacity", "is 0; it must be from 1 to 1000"},
		{"huge capacity", func(d *document) { d.Resources[0].Capacity = 1001 }, "resources[0].capacity", "is 1001; it must be from 1 to 1000"},
		{"resource policy", func(d *document) { d.Resources[1].Policy = "nights" }, "resources[1].policy", `there is no policy named "nights"`},
		{"calendar", func(d *document) { d.Resources[0].CalendarID = "a\x00b" }, "resources[0].calendarID", "has a control character in it, such as a line break"},
		{"service id", func(d *document) { d.Services[0].ID = "-x" }, "services[0].id",
			`"-x" is not an identifier: use 1 to 40 lower-case letters, digits and hyphens, with a letter or digit at both ends`},
		{"service id twice", func(d *document) { d.Services[1].ID = "checkup" }, "services[1].id", `"checkup" is used twice; identifiers must be unique`},
		{"service name", func(d *document) { d.Services[0].Name = strings.Repeat("x", 121) }, "services[0].name", "has 121 characters; at most 120 are allowed"},
		{"no duration", func(d *document) { d.Services[0].Duration = 0 }, "services[0].duration", "is 0s; it must be from 1m to 24h"},
		{"negative duration", func(d *document) { d.Services[0].Duration = -1 }, "services[0].duration", "is negative; it must be from 1m to 24h"},
		{"duration of fractions", func(d *document) { d.Services[0].Duration = duration(90*time.Second + time.Millisecond) }, "services[0].duration", "is 1m30s1ms; it must be in whole seconds"},
		{"long duration", func(d *document) { d.Services[0].Duration = duration(24*time.Hour + time.Second) }, "services[0].duration", "is 24h1s; it must be from 1m to 24h"},
		{"group size", func(d *document) { d.Services[0].GroupSize = 0 }, "services[0].groupSize", "is 0; it must be from 1 to 1000"},
		{"no requirement", func(d *document) { d.Services[0].Requires = nil }, "services[0].requires", "is empty: a service must occupy at least one resource"},
		{"many requirements", func(d *document) { d.Services[0].Requires = slices.Repeat(d.Services[0].Requires, 9) }, "services[0].requires", "has 9 entries; at most 8 are allowed"},
		{"empty requirement", func(d *document) { d.Services[1].Requires[1].AnyOf = nil }, "services[1].requires[1].anyOf", "is empty: name at least one resource"},
		{"many choices", manyChoices, "services[0].requires[0].anyOf", "has 101 entries; at most 100 are allowed"},
		{"unknown resource", func(d *document) { d.Services[1].Requires[1].AnyOf = []string{"room-2", "room-3"} }, "services[1].requires[1].anyOf[1]", `there is no resource "room-3"`},
		{"resource listed twice", func(d *document) { d.Services[1].Requires[1].AnyOf = []string{"room-2", "room-2"} }, "services[1].requires[1].anyOf[1]", `"room-2" is listed twice`},
	})
}

// manyChoices lets a service choose among 101 rooms.
func manyChoices(d *document) {
	d.Services[0].Requires[0].AnyOf = nil
	for i := range 101 {
		room := d.Resources[2]
		room.ID = fmt.Sprintf("annex-%d", i)
		d.Resources = append(d.Resources, room)
		d.Services[0].Requires[0].AnyOf = append(d.Services[0].Requires[0].AnyOf, room.ID)
	}
}

func TestValidatePolicies(t *testing.T) {
	t.Parallel()
	first := func(change func(*tenantconfig.Policy)) func(*document) {
		return func(d *document) { change(&d.Policies[0]) }
	}
	type policy = tenantconfig.Policy
	runAll(t, []invalid{
		{"no default", func(d *document) { d.DefaultPolicy = "" }, "defaultPolicy", "is required: name one of the policies"},
		{"unknown default", func(d *document) { d.DefaultPolicy = "x" }, "defaultPolicy", `there is no policy named "x"`},
		{"no name", func(d *document) { d.Policies[1].Name, d.Resources[1].Policy = "", "" }, "policies[1].name", "is required"},
		{"name twice", func(d *document) { d.Policies[1].Name, d.Resources[1].Policy = "dental-hours", "" }, "policies[1].name", `"dental-hours" is used twice; names must be unique`},
		{"name not UTF-8", func(d *document) { d.Policies[1].Name, d.Resources[1].Policy = "\xff", "" }, "policies[1].name", "is not valid UTF-8 text"},
		{"unknown holidays", first(func(p *policy) { p.HolidayCalendar = "XX" }), "policies[0].holidayCalendar", unknownCalendar(t)},
		{"grid interval", first(func(p *policy) { p.Slots.Interval = 0 }), "policies[0].slots.interval", "is 0s; it must be from 1m to 24h"},
		{"grid interval on the clock", func(d *document) { d.Policies[1].Slots.Interval = duration(7 * time.Minute) }, "policies[1].slots.interval",
			"is 7m, which does not divide a day; with the anchor Clock use a step such as 10m, 15m, 20m or 1h"},
		{"anchor", first(func(p *policy) { p.Slots.Anchor = "Noon" }), "policies[0].slots.anchor", `"Noon" is not an anchor: use SpanStart, DayStart or Clock`},
		{"notice", first(func(p *policy) { p.Notice.Minimum = duration(731 * 24 * time.Hour) }), "policies[0].notice.minimum", "is 17544h; it must be from 0s to 17520h"},
		{"horizon", first(func(p *policy) { p.Notice.MaximumDays = 0 }), "policies[0].notice.maximumDays", "is 0; it must be from 1 to 730"},
		{"buffer before", first(func(p *policy) { p.Buffers.Before = duration(25 * time.Hour) }), "policies[0].buffers.before", "is 25h; it must be from 0s to 24h"},
		{"buffer after", first(func(p *policy) { p.Buffers.After = duration(500 * time.Millisecond) }), "policies[0].buffers.after", "is 500ms; it must be in whole seconds"},
		{"hold", first(func(p *policy) { p.Holds.TTL = duration(time.Second) }), "policies[0].holds.ttl", "is 1s; it must be from 30s to 24h"},
		{"cancellation", first(func(p *policy) { p.Cancellation.Until = duration(91 * 24 * time.Hour) }), "policies[0].cancellation.until", "is 2184h; it must be from 0s to 2160h"},
		{"rescheduling", first(func(p *policy) { p.Rescheduling.Until = -1 }), "policies[0].rescheduling.until", "is negative; it must be from 0s to 2160h"},
		{"reschedules", first(func(p *policy) { p.Rescheduling.Times = -1 }), "policies[0].rescheduling.times", "is -1; it must be from 0 to 100"},
		{"per day", first(func(p *policy) { p.Limits.PerDay = -1 }), "policies[0].limits.perDay", "is -1; it must be from 0 to 100000"},
		{"per week", first(func(p *policy) { p.Limits.PerWeek = 100_001 }), "policies[0].limits.perWeek", "is 100001; it must be from 0 to 100000"},
		{"per customer", first(func(p *policy) { p.Limits.OpenPerCustomer = -2 }), "policies[0].limits.openPerCustomer", "is -2; it must be from 0 to 100000"},
		{"confirmation", first(func(p *policy) { p.Confirmation = "" }), "policies[0].confirmation", `"" is not a way to confirm: use Automatic or Manual`},
		{"waiting list", first(func(p *policy) { p.Waitlist.OfferTTL = duration(25 * time.Hour) }), "policies[0].waitlist.offerTTL", "is 25h; it must be from 0s to 24h"},
		{"reminder", first(func(p *policy) { p.Reminders[0].Before = 0 }), "policies[0].reminders[0].before", "is 0s; it must be from 1m to 2160h"},
		{"reminder by pigeon", first(func(p *policy) { p.Reminders[1].Channel = "Pigeon" }), "policies[0].reminders[1].channel", `"Pigeon" is not a channel: use SMS or Email`},
	})
}

func TestValidateHours(t *testing.T) {
	t.Parallel()
	type hours = tenantconfig.Hours
	type exception = tenantconfig.Exception
	week := func(entries ...hours) func(*document) {
		return func(d *document) { d.Policies[0].Hours = entries }
	}
	except := func(entry exception) func(*document) {
		return func(d *document) { d.Policies[0].Exceptions = []exception{entry} }
	}
	monday := func(spans ...tenantconfig.Span) func(*document) {
		return week(hours{Days: []tenantconfig.Weekday{"Mon"}, Spans: spans})
	}
	runAll(t, []invalid{
		{"no day", week(hours{Spans: spans("09:00-10:00")}), "policies[0].hours[0].days", "is empty: name at least one day"},
		{"unknown day", week(hours{Days: []tenantconfig.Weekday{"Mon", "Lundi"}, Spans: spans("09:00-10:00")}), "policies[0].hours[0].days[1]",
			`"Lundi" is not a day: use Mon, Tue, Wed, Thu, Fri, Sat or Sun`},
		{"a day twice", week(hours{Days: []tenantconfig.Weekday{"Mon", "Mon"}, Spans: spans("09:00-10:00")}), "policies[0].hours[0].days[1]", "Mon is listed twice"},
		{"no span", monday(), "policies[0].hours[0].spans", "is empty: leave the day out to close it"},
		{"a span that ends before it starts", monday(spans("17:00-09:00")...), "policies[0].hours[0].spans[0]",
			"ends at 09:00, before it starts at 17:00; to run past midnight write the end beyond 24:00, such as 26:00 for 02:00"},
		{"an empty span", monday(spans("09:00-09:00")...), "policies[0].hours[0].spans[0]",
			"ends at 09:00, before it starts at 09:00; to run past midnight write the end beyond 24:00, such as 26:00 for 02:00"},
		{"a span that starts tomorrow", monday(spans("24:00-25:00")...), "policies[0].hours[0].spans[0].from", "24:00 is on the next date: a span must start before 24:00"},
		{"a span that starts yesterday", monday(tenantconfig.Span{From: -1, To: 60}), "policies[0].hours[0].spans[0].from", "is before 00:00"},
		{"a span of more than a day", monday(spans("01:00-25:01")...), "policies[0].hours[0].spans[0]", "is longer than a day"},
		{"a span that ends too late", monday(tenantconfig.Span{From: 13 * 60, To: 37 * 60}), "policies[0].hours[0].spans[0].to", "37:00 is later than 36:00, which is noon on the next date"},
		{"spans that overlap", monday(spans("09:00-12:00", "13:00-15:00", "11:59-13:00")...), "policies[0].hours[0].spans[2]", "overlaps spans[0] (09:00 to 12:00)"},
		{"entries that overlap", week(
			hours{Days: []tenantconfig.Weekday{"Mon", "Tue"}, Spans: spans("09:00-12:00")},
			hours{Days: []tenantconfig.Weekday{"Tue", "Wed"}, Spans: spans("11:00-13:00")},
		), "policies[0].hours[1]", "overlaps hours[0] on Tue"},
		{"an exception without a date", except(exception{}), "policies[0].exceptions[0].from", "is required"},
		{"an exception on no day", except(exception{From: "2026-02-30"}), "policies[0].exceptions[0].from", `"2026-02-30" is not a date: write YYYY-MM-DD, for a day that exists`},
		{"an exception until no day", except(exception{From: "2026-02-01", To: "2026-02-3"}), "policies[0].exceptions[0].to", `"2026-02-3" is not a date: write YYYY-MM-DD, for a day that exists`},
		{"an exception backwards", except(exception{From: "2026-02-02", To: "2026-02-01"}), "policies[0].exceptions[0].to", "2026-02-01 is before from, 2026-02-02"},
		{"an exception with a bad span", except(exception{From: "2026-02-02", Spans: spans("10:00-09:00")}), "policies[0].exceptions[0].spans[0]",
			"ends at 09:00, before it starts at 10:00; to run past midnight write the end beyond 24:00, such as 26:00 for 02:00"},
		{"an exception with a long reason", except(exception{From: "2026-02-02", Reason: strings.Repeat("x", 121)}), "policies[0].exceptions[0].reason", "has 121 characters; at most 120 are allowed"},
	})
}

func TestValidateDatabaseAndAccess(t *testing.T) {
	t.Parallel()
	hash := full(t).Access.Keys[0].Hash
	const keyName = "cannot be the key of a secret value: use letters, digits, hyphens, underscores and dots, with no dot in front"
	key := func(k tenantconfig.APIKey) func(*document) {
		return func(d *document) { d.Access.Keys = append(d.Access.Keys, k) }
	}
	runAll(t, []invalid{
		{"no engine", func(d *document) { d.Database.Engine = "" }, "database.engine", `"" is not an engine: use SQLite, Postgres or JSONFile`},
		{"the operator's engine", func(d *document) { d.Database.Engine = "CloudNativePG" }, "database.engine", `"CloudNativePG" is not an engine: use SQLite, Postgres or JSONFile`},
		{"Postgres without a URL", func(d *document) { d.Database.URLKey = "" }, "database.urlKey", "is required for Postgres: name the key that holds the connection URL"},
		{"SQLite without a file", func(d *document) { d.Database = tenantconfig.Database{Engine: "SQLite"} }, "database.path", "is required for SQLite: name the file that holds the data"},
		{"JSON without a file", func(d *document) { d.Database = tenantconfig.Database{Engine: "JSONFile"} }, "database.path", "is required for JSONFile: name the file that holds the data"},
		{"a path with NUL", func(d *document) { d.Database.Path = "a\x00" }, "database.path", "has a control character in it, such as a line break"},
		{"pool", func(d *document) { d.Database.MaxConnections = -1 }, "database.maxConnections", "is -1; it must be from 0 (the default) to 1000"},
		{"a hidden key", func(d *document) { d.Database.URLKey = ".url" }, "database.urlKey", `".url" ` + keyName},
		{"a Redis key with a slash", func(d *document) { d.Cache.RedisURLKey = "a/b" }, "cache.redisURLKey", `"a/b" ` + keyName},
		{"a key with a slash", func(d *document) { d.Access.SessionKey = "a/b" }, "access.sessionKey", `"a/b" ` + keyName},
		{"the document as a secret", func(d *document) { d.Access.StatusTokenKey = tenantconfig.DocumentKey }, "access.statusTokenKey", `"tenant.yaml" ` + keyName},
		{"API key id", key(tenantconfig.APIKey{ID: "ABC", Hash: hash, Scopes: []string{"bookings"}}), "access.keys[1].id", `"ABC" is not a key id: use 6 to 32 lower-case letters and digits`},
		{"API key id twice", key(tenantconfig.APIKey{ID: "abc123", Hash: hash, Scopes: []string{"bookings"}}), "access.keys[1].id", `"abc123" is used twice; identifiers must be unique`},
		{"API key in plain text", key(tenantconfig.APIKey{ID: "abc124", Hash: "fd_abc124_secret", Scopes: []string{"bookings"}}), "access.keys[1].hash", "is not a bcrypt hash"},
		{"API key with half a hash", key(tenantconfig.APIKey{ID: "abc124", Hash: "$2a$10$short", Scopes: []string{"bookings"}}), "access.keys[1].hash", "is not a bcrypt hash"},
		{"API key without scopes", key(tenantconfig.APIKey{ID: "abc124", Hash: hash}), "access.keys[1].scopes", "is empty: a key without scopes can do nothing"},
		{"API key with a long name", key(tenantconfig.APIKey{ID: "abc124", Hash: hash, Name: strings.Repeat("x", 121), Scopes: []string{"bookings"}}), "access.keys[1].name", "has 121 characters; at most 120 are allowed"},
		{"rate limit", func(d *document) { d.Access.RateLimit.Burst = -1 }, "access.rateLimit", "must not be negative"},
	})
}

func TestValidateReportsEveryFaultInOrder(t *testing.T) {
	t.Parallel()
	doc := full(t)
	doc.Access.Keys[0].Scopes = nil
	doc.Tenant.TimeZone = "Mars/Olympus"
	doc.Services[1].Duration = 0
	doc.Policies[0].Confirmation = "Maybe"
	validation, ok := errors.AsType[*tenantconfig.ValidationError](doc.Validate())
	if !ok {
		t.Fatal("the document is accepted")
	}
	var fields []string
	for _, fault := range validation.Errors {
		fields = append(fields, fault.Field)
		if !strings.Contains(validation.Error(), fault.Error()) {
			t.Errorf("%q leaves out %q", validation.Error(), fault.Error())
		}
	}
	want := []string{"tenant.timeZone", "policies[0].confirmation", "services[1].duration", "access.keys[0].scopes"}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("fields differ (-want +got):\n%s", diff)
	}
}

func TestValidateAcceptsTheBounds(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*document){
		"nothing to book": func(d *document) { d.Services, d.Resources = nil, nil },
		"nothing optional": func(d *document) {
			d.Tenant.Locale, d.Tenant.Region, d.Tenant.URL, d.Tenant.Contact = "", "", "", tenantconfig.Contact{}
		},
		"never open": func(d *document) { d.Policies[0].Hours, d.Policies[0].Exceptions = nil, nil },
		"all day and night": func(d *document) {
			d.Policies[0].Hours = []tenantconfig.Hours{{Days: []tenantconfig.Weekday{"Mon", "Tue"}, Spans: spans("00:00-24:00")}}
		},
		"from before midnight to noon": func(d *document) {
			d.Policies[0].Hours = []tenantconfig.Hours{{Days: []tenantconfig.Weekday{"Sat"}, Spans: spans("23:59-36:00")}}
		},
		"an exception of ages": func(d *document) {
			d.Policies[0].Exceptions = []tenantconfig.Exception{{From: "0001-01-01", To: "9999-12-31"}}
		},
		"the longest of all": func(d *document) {
			d.Services[0].Duration, d.Policies[0].Buffers.Before = duration(24*time.Hour), duration(24*time.Hour)
		},
		"UTC":                   func(d *document) { d.Tenant.TimeZone = "UTC" },
		"a newer minor version": func(d *document) { d.Version = "1.9999" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := full(t)
			change(doc)
			if err := doc.Validate(); err != nil {
				t.Errorf("Validate() = %v", err)
			}
		})
	}
}

func duration(d time.Duration) tenantconfig.Duration { return tenantconfig.Duration(d) }

// spans makes spans from texts such as 09:00-12:30.
func spans(texts ...string) []tenantconfig.Span {
	made := make([]tenantconfig.Span, len(texts))
	for i, text := range texts {
		from, to, _ := strings.Cut(text, "-")
		var fromErr, toErr error
		made[i].From, fromErr = tenantconfig.ParseClockTime(from)
		made[i].To, toErr = tenantconfig.ParseClockTime(to)
		if err := errors.Join(fromErr, toErr); err != nil {
			panic(err)
		}
	}
	return made
}

// unknownCalendar is what the list of holiday calendars says about one that it does not have.
func unknownCalendar(t *testing.T) string {
	t.Helper()
	_, err := availability.HolidayCalendarByCode("XX")
	if err == nil || !strings.Contains(err.Error(), "GB-ENG") {
		t.Fatalf("HolidayCalendarByCode(XX) = %v, want an error that lists the known codes", err)
	}
	return err.Error()
}
