package httpapi

import (
	"encoding/hex"
	"testing"
)

// TestRequestHashNeverChanges: hashes are stored for a day, and compared with those that the next version makes.
func TestRequestHashNeverChanges(t *testing.T) {
	t.Parallel()
	const body = `{"service":"cut","start":"2026-11-24T09:00:00Z","customer":{"name":"Zoë <Ann>","phone":"020 7946 0123"},"n":12345678901234567890.10}`
	for name, test := range map[string]struct {
		body  string
		parts []any
		want  string
	}{
		"a body":                    {body, nil, "7794507d4450a36d2f48e764010ba06cd7428da653eb65eb482413851244c68a"},
		"a body and a path":         {body, []any{"id", 3}, "5be663b43eee9ecd212dd0121130096cba378c02b0351d1fa4a06904083b8d8e"},
		"no body":                   {"", []any{"id"}, "fc949a4dac6b077d1c847c8706688fbbd098682139e19ff26a436691c96c89f1"},
		"another order and spacing": {" {\"start\" : \"2026-11-24T09:00:00Z\",\n\"customer\":{\"phone\":\"020 7946 0123\",\"name\":\"Zo\\u00eb <Ann>\"},\"n\":12345678901234567890.10,\"service\":\"cut\"}\n", nil, "7794507d4450a36d2f48e764010ba06cd7428da653eb65eb482413851244c68a"},
	} {
		hash, err := requestHash([]byte(test.body), test.parts...)
		if err != nil || hex.EncodeToString(hash[:]) != test.want {
			t.Errorf("%s: %x, %v; want %s", name, hash, err, test.want)
		}
	}
}

func TestRequestHashTellsRequestsApart(t *testing.T) {
	t.Parallel()
	seen := map[[32]byte]string{}
	for _, request := range []struct {
		body  string
		parts []any
	}{
		{``, nil}, {`{}`, nil}, {`null`, nil}, {`{"notes":""}`, nil}, {`{"notes":null}`, nil}, {`{"notes":"a"}`, nil}, {`{"notes":"b"}`, nil},
		{`{"n":1}`, nil}, {`{"n":"1"}`, nil}, {`{"n":12345678901234567890}`, nil}, {`{"n":12345678901234567891}`, nil},
		{``, []any{"a"}}, {`"a"`, []any{"b"}}, {`"b"`, []any{"a"}}, {`{}`, []any{"a"}}, {`{}`, []any{"b"}}, {`{}`, []any{"a", 1}}, {`[1,2]`, nil}, {`[2,1]`, nil},
	} {
		hash, err := requestHash([]byte(request.body), request.parts...)
		if err != nil {
			t.Fatal(err)
		}
		if other, found := seen[hash]; found {
			t.Errorf("%s %v has the hash of %s", request.body, request.parts, other)
		}
		seen[hash] = request.body
	}
}
