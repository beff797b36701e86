package manifest

import (
	"strconv"
	"strings"

	yamlnodes "go.yaml.in/yaml/v3"
)

// LineOf is the line of a field, or of the deepest part of its path that is there: a field that is missing
// is missing on the line of what should hold it.
func (d Document) LineOf(field string) int {
	line, node := d.Line, d.node
	if node == nil || len(node.Content) == 0 {
		return line
	}
	node = node.Content[0]
	if field == "" {
		return d.Line + node.Line - 1
	}
	found := node.Line
	for _, step := range steps(field) {
		next, at := descend(node, step)
		if next == nil {
			break
		}
		node, found = next, at
	}
	return d.Line + found - 1
}

// steps takes a path apart: spec.hours[0].days becomes spec, hours, 0, days. A key in brackets may hold dots.
func steps(field string) []string {
	var all []string
	for rest := field; rest != ""; {
		switch end := strings.IndexAny(rest, ".["); {
		case strings.HasPrefix(rest, "["):
			closing := strings.IndexByte(rest, ']')
			if closing < 0 {
				return append(all, rest[1:])
			}
			all, rest = append(all, strings.Trim(rest[1:closing], `"`)), strings.TrimPrefix(rest[closing+1:], ".")
		case end < 0:
			return append(all, rest)
		case rest[end] == '.':
			all, rest = append(all, rest[:end]), rest[end+1:]
		default:
			all, rest = append(all, rest[:end]), rest[end:]
		}
	}
	return all
}

// descend returns what is under a key or an index, and the line on which it begins; nil when there is none.
func descend(node *yamlnodes.Node, step string) (*yamlnodes.Node, int) {
	if node.Kind == yamlnodes.AliasNode {
		node = node.Alias
	}
	switch node.Kind {
	case yamlnodes.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == step {
				return node.Content[i+1], node.Content[i].Line
			}
		}
	case yamlnodes.SequenceNode:
		if index, err := strconv.Atoi(step); err == nil && index >= 0 && index < len(node.Content) {
			return node.Content[index], node.Content[index].Line
		}
	}
	return nil, 0
}
