package provision

import (
	"encoding/json"
	"strings"
)

// markerPrefix tells a marker from a comment that a person wrote.
const markerPrefix = "frontdesk.dev/v1 "

// marker is what a comment on a database or role says about it.
type marker struct {
	// Tenant is namespace/name, and UID that of the Tenant.
	Tenant string `json:"tenant"`
	UID    string `json:"uid"`
	// Serial, of a login role, is that of its password.
	Serial int `json:"serial,omitempty"`
	// Retained: its Tenant was deleted, with deletionPolicy Retain.
	Retained bool `json:"retained,omitempty"`
}

func markerOf(tenant Identity) marker {
	return marker{Tenant: tenant.Namespace + "/" + tenant.Name, UID: tenant.UID}
}

func (m marker) String() string {
	data, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings, numbers and booleans always can be
	}
	return markerPrefix + string(data)
}

// parseMarker reports false for a comment that is no marker.
func parseMarker(comment string) (marker, bool) {
	text, found := strings.CutPrefix(comment, markerPrefix)
	var m marker
	if !found || json.Unmarshal([]byte(text), &m) != nil {
		return marker{}, false
	}
	return m, true
}

// claim is whose something is.
type claim int

const (
	// ours: made for this very Tenant.
	ours claim = iota
	// former: made for one that had its name.
	former
	// unmarked: nobody knows.
	unmarked
	// others': made for a tenant of another name.
	othersClaim
)

func claimOf(comment string, tenant Identity) claim {
	found, isMarker := parseMarker(comment)
	want := markerOf(tenant)
	switch {
	case !isMarker:
		return unmarked
	case found.Tenant != want.Tenant:
		return othersClaim
	case found.UID != want.UID || found.Retained:
		return former
	default:
		return ours
	}
}
