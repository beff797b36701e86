// Package outline prints trees of short lines, each with a mark that says how the thing is. It knows
// nothing of what the lines are about.
package outline

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Mark says how something is.
type Mark string

// The marks.
const (
	None    Mark = ""
	Good    Mark = "✓"
	Bad     Mark = "✗"
	Waiting Mark = "…"
	Unknown Mark = "?"
	Idle    Mark = "–"
)

// Node is a line and what belongs under it.
type Node struct {
	Mark     Mark
	Text     string
	Children []Node
}

// Add appends a child.
func (n *Node) Add(children ...Node) { n.Children = append(n.Children, children...) }

// Line makes a node without children.
func Line(mark Mark, text string) Node { return Node{Mark: mark, Text: text} }

var colours = map[Mark]string{Good: "32", Bad: "31", Waiting: "33", Unknown: "33", Idle: "2"}

// Printer writes trees.
type Printer struct {
	Out    io.Writer
	Colour bool
}

// NewPrinter colours only what a person sees: on a terminal, unless the environment asks for none in the way of
// https://no-color.org.
func NewPrinter(out io.Writer) Printer {
	file, isFile := out.(*os.File)
	return Printer{Out: out, Colour: isFile && term.IsTerminal(int(file.Fd())) && os.Getenv("NO_COLOR") == ""}
}

// Print writes a tree.
func (p Printer) Print(root Node) error {
	var text strings.Builder
	text.WriteString(p.line(root) + "\n")
	p.children(&text, root.Children, "")
	_, err := io.WriteString(p.Out, text.String())
	return err
}

func (p Printer) children(text *strings.Builder, nodes []Node, indent string) {
	for i, node := range nodes {
		branch, below := "├─ ", "│  "
		if i == len(nodes)-1 {
			branch, below = "└─ ", "   "
		}
		text.WriteString(indent + branch + p.line(node) + "\n")
		p.children(text, node.Children, indent+below)
	}
}

func (p Printer) line(node Node) string {
	switch {
	case node.Mark == None:
		return node.Text
	case p.Colour:
		return "\x1b[" + colours[node.Mark] + "m" + string(node.Mark) + "\x1b[0m " + node.Text
	default:
		return string(node.Mark) + " " + node.Text
	}
}
