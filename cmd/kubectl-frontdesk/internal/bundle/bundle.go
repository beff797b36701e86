// Package bundle writes a zip file of texts for people who help from outside. Every text goes through a
// redactor on its way in; there is no other way in. The file says itself what is in it and what is not.
package bundle

import (
	"archive/zip"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/redact"
)

// ManifestName is the file that lists all others.
const ManifestName = "MANIFEST.txt"

// Bundle is a zip file that is being written.
type Bundle struct {
	zip      *zip.Writer
	redactor *redact.Redactor
	now      time.Time
	lines    []string
	gaps     []string
	err      error
}

// New begins a bundle. now is the time that the files carry.
func New(out io.Writer, redactor *redact.Redactor, now time.Time) *Bundle {
	return &Bundle{zip: zip.NewWriter(out), redactor: redactor, now: now}
}

// Add puts a text in under a name, with a line about what it is. The first failure is kept for Close.
func (b *Bundle) Add(name, about, text string) {
	b.lines = append(b.lines, fmt.Sprintf("%-48s %s", name, about))
	b.write(name, b.redactor.Text(text))
}

// Lack notes what could not be had, and why.
func (b *Bundle) Lack(what string, why error) {
	b.gaps = append(b.gaps, b.redactor.Text(fmt.Sprintf("%s: %v", what, why)))
}

// Gaps are what was noted with Lack.
func (b *Bundle) Gaps() []string { return b.gaps }

func (b *Bundle) write(name, text string) {
	if b.err != nil {
		return
	}
	file, err := b.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: b.now})
	if err == nil {
		_, err = io.WriteString(file, text)
	}
	if err != nil {
		b.err = fmt.Errorf("write %s into the bundle: %w", name, err)
	}
}

// Close writes the manifest, under a title, and ends the file.
func (b *Bundle) Close(title string) error {
	var text strings.Builder
	text.WriteString(title + "\n\n" +
		"Values of Secrets are replaced by their sizes. In all texts, phone numbers, e-mail addresses, API keys, passwords in\n" +
		"URLs and the values of the tenant's Secrets are replaced by marks in brackets. Names of people in logs are not\n" +
		"recognised: read the logs before you pass this on.\n\nWhat is in it:\n")
	for _, line := range b.lines {
		text.WriteString("  " + line + "\n")
	}
	if len(b.gaps) > 0 {
		text.WriteString("\nWhat could not be had:\n")
		for _, gap := range b.gaps {
			text.WriteString("  " + gap + "\n")
		}
	}
	b.write(ManifestName, text.String())
	if err := b.zip.Close(); err != nil && b.err == nil {
		b.err = fmt.Errorf("write the bundle: %w", err)
	}
	return b.err
}
