package tenantconfig

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	goyaml "go.yaml.in/yaml/v2"
	"sigs.k8s.io/yaml"
)

// Versions lists the document versions that this build reads and renders, oldest first. 1.1 brought
// cache, and 1.2 the services' descriptions.
var Versions = []string{"1.0", "1.1", "1.2"}

// Current is the newest document version that this build renders.
func Current() string { return Versions[len(Versions)-1] }

// UnsupportedVersionError says that a document is of a major version that this build cannot read.
type UnsupportedVersionError struct{ Version string }

func (e *UnsupportedVersionError) Error() string {
	return fmt.Sprintf("document version %q is not supported: this build reads %q, in quotes, and newer minor versions of them", e.Version, Versions)
}

type version struct{ major, minor int }

var versionPattern = regexp.MustCompile(`^([1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})$`)

func parseVersion(text string) (version, bool) {
	parts := versionPattern.FindStringSubmatch(text)
	if parts == nil {
		return version{}, false
	}
	major, _ := strconv.Atoi(parts[1])
	minor, _ := strconv.Atoi(parts[2])
	return version{major, minor}, true
}

func (v version) less(other version) bool {
	return v.major < other.major || v.major == other.major && v.minor < other.minor
}

// readable says whether this build can read documents of a version: a known major version.
func readable(text string) bool {
	got, ok := parseVersion(text)
	newest, _ := parseVersion(Current())
	return ok && got.major == newest.major
}

// Negotiate returns the highest version that this build renders and all the given servers support.
// With no servers it returns Current. It reports false when there is no common version.
func Negotiate(servers ...[]string) (string, bool) {
	for i := len(Versions) - 1; i >= 0; i-- {
		if supportedByAll(Versions[i], servers) {
			return Versions[i], true
		}
	}
	return "", false
}

func supportedByAll(text string, servers [][]string) bool {
	for _, supported := range servers {
		if !slices.Contains(supported, text) {
			return false
		}
	}
	return true
}

// Parse reads a document. Fields that its version does not have are refused in a version that this build knows, but
// for the first, and ignored in a newer minor version; another major version is an *UnsupportedVersionError.
// It does not validate: see Document.Validate.
func Parse(data []byte) (*Document, error) {
	var head struct {
		Version string `json:"version"`
	}
	if err := yaml.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("%s is not valid YAML: %w", DocumentKey, err)
	}
	if head.Version == "" {
		return nil, fmt.Errorf("%s has no version: its first line should be version: %q", DocumentKey, Current())
	}
	if !readable(head.Version) {
		return nil, &UnsupportedVersionError{Version: head.Version}
	}
	got, _ := parseVersion(head.Version)
	newest, _ := parseVersion(Current())
	var doc Document
	unmarshal := yaml.UnmarshalStrict
	if newest.less(got) {
		unmarshal = func(data []byte, into any, _ ...yaml.JSONOpt) error { return yaml.Unmarshal(data, into) }
	}
	if err := unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", DocumentKey, err)
	}
	// Builds from before fields had versions wrote later ones under the first number, and what they wrote is still there.
	if first, _ := parseVersion(Versions[0]); !first.less(got) {
		return &doc, nil
	}
	if err := doc.newerThan(got); err != nil {
		return nil, fmt.Errorf("%s of version %q: %w", DocumentKey, head.Version, err)
	}
	return &doc, nil
}

// Marshal renders the document as YAML. The same document always yields the same bytes. They are those of yaml.Marshal,
// which takes twice the time, because it reads the JSON on the way as YAML.
func (d *Document) Marshal() ([]byte, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", DocumentKey, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // or 1000000 would become 1e+06
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, fmt.Errorf("write %s: %w", DocumentKey, err)
	}
	return goyaml.Marshal(tree)
}
