package tenantconfig

import (
	"fmt"
	"reflect"
	"strings"
)

// A field that came after version 1.0 says so in a tag, `since:"1.1"`. Such a field is optional, and a document
// without it means what it meant before the field was there. A version that a release has listed never changes: what is
// added gets a version of its own, a tag, and a golden document.

// Restrict makes the document one of a version that this build lists: it removes, in place, what came later, and
// returns the paths of what it removed, such as services[0].description.
func (d *Document) Restrict(to string) (removed []string) {
	d.Version = to
	than, known := parseVersion(to)
	if !known {
		return nil
	}
	walkNewer(reflect.ValueOf(d).Elem(), "", than, func(path, _ string, field reflect.Value) {
		removed = append(removed, path)
		field.SetZero()
	})
	return removed
}

// newerThan is an error that names the first field which the document's own version does not have.
func (d *Document) newerThan(own version) (err error) {
	walkNewer(reflect.ValueOf(d).Elem(), "", own, func(path, since string, _ reflect.Value) {
		if err == nil {
			err = fmt.Errorf("%s came with version %q: write that or a newer one", path, since)
		}
	})
	return err
}

// walkNewer calls found for every field that is set and came after a version.
func walkNewer(v reflect.Value, path string, than version, found func(path, since string, field reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			walkNewer(v.Elem(), path, than, found)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			at := strings.TrimPrefix(path+"."+name, ".")
			tag := field.Tag.Get("since")
			if since, tagged := parseVersion(tag); !tagged || !than.less(since) {
				walkNewer(v.Field(i), at, than, found)
			} else if !v.Field(i).IsZero() {
				found(at, tag, v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			walkNewer(v.Index(i), fmt.Sprintf("%s[%d]", path, i), than, found)
		}
	}
}
