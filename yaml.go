package main

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"outboundbot/storage"
)

// document is a configuration while it is read: where each key stands and what is wrong.
type document struct {
	path   string
	lines  map[string]int // by path: digests[0].at
	files  map[string]string
	faults []fault
	// warnings are told and keep nobody from starting.
	warnings []string
	// misshapen: a value is of another kind than its key takes, so that nothing can be read into place.
	misshapen bool
}

type fault struct {
	line int
	text string
}

// list gives the faults in the order of their lines.
func (d *document) list() []string {
	slices.SortStableFunc(d.faults, func(a, b fault) int { return a.line - b.line })
	texts := make([]string, len(d.faults))
	for i, f := range d.faults {
		texts[i] = f.text
	}
	return texts
}

// fault notes what is wrong with the value at a key, or with the nearest thing around it that the file has.
func (d *document) fault(key, format string, args ...any) {
	where, line := d.path, 0
	for k := key; k != "" && line == 0; k = parentOf(k) {
		line = d.lines[k]
	}
	if line > 0 {
		where += ":" + strconv.Itoa(line)
	}
	d.faults = append(d.faults, fault{line, fmt.Sprintf("%s: %s: %s", where, key, fmt.Sprintf(format, args...))})
}

func parentOf(key string) string { return key[:max(0, strings.LastIndexAny(key, ".["))] }

var secretType = reflect.TypeFor[storage.Secret]()

// parseYAML fills into from source: unknown keys are faults with the nearest name, ${NAME} stands for a variable of
// the environment, and a secret is either that or the content of a file named by KEY_file. Messages never quote the
// source, which may hold a token.
func parseYAML(path string, source []byte, into any, getenv func(string) string) *document {
	doc := &document{path: path, lines: map[string]int{}, files: map[string]string{}}
	file, err := parser.ParseBytes(source, 0)
	if err != nil {
		doc.broken(err)
		return doc
	}
	empty := true // decoding nothing would reset the defaults
	for _, d := range file.Docs {
		switch {
		case d.Body == nil:
		case !empty:
			line := d.Body.GetToken().Position.Line
			doc.faults = append(doc.faults, fault{line, fmt.Sprintf("%s:%d: a second document begins here; one file has one", path, line)})
		default:
			empty = false
			doc.walk(d.Body, reflect.TypeOf(into).Elem(), "")
		}
	}
	if empty || doc.misshapen {
		return doc
	}
	if err := yaml.Unmarshal(source, into); err != nil {
		doc.broken(err)
		return doc
	}
	doc.expand(reflect.ValueOf(into).Elem(), "", getenv)
	return doc
}

// broken notes an error of the parser, which tells where in its first words: [3:1] sentence.
func (d *document) broken(err error) {
	d.misshapen = true
	msg := firstLine(yaml.FormatError(err, false, false))
	if m := position.FindStringSubmatch(msg); m != nil {
		line, _ := strconv.Atoi(m[1])
		d.faults = append(d.faults, fault{line, fmt.Sprintf("%s:%d: this is not YAML as it should be: %s", d.path, line, m[2])})
		return
	}
	d.faults = append(d.faults, fault{0, d.path + ": " + msg})
}

var position = regexp.MustCompile(`^\[(\d+):\d+\] (.*)$`)

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// walk notes the line of every key below node and checks it against the type that it will be read into.
func (d *document) walk(node ast.Node, t reflect.Type, at string) {
	if kind := shape(t); kind != shapeOf(node) && shapeOf(node) != "" {
		d.fault(at, "a %s belongs here, not a %s", kind, shapeOf(node))
		d.misshapen = true
		return
	}
	switch n := node.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			d.key(v, t, at)
		}
	case *ast.MappingValueNode:
		d.key(n, t, at)
	case *ast.SequenceNode:
		for i, v := range n.Values {
			key := fmt.Sprintf("%s[%d]", at, i)
			d.lines[key] = v.GetToken().Position.Line
			if t.Kind() == reflect.Slice {
				d.walk(v, t.Elem(), key)
			}
		}
	}
}

func (d *document) key(v *ast.MappingValueNode, t reflect.Type, at string) {
	name := v.Key.GetToken().Value
	key := strings.TrimPrefix(at+"."+name, ".")
	d.lines[key] = v.Key.GetToken().Position.Line
	if t.Kind() == reflect.Map {
		d.walk(v.Value, t.Elem(), key)
		return
	}
	names := keysOf(t)
	if base, isFile := strings.CutSuffix(name, "_file"); isFile && names[base] == secretType {
		d.files[strings.TrimSuffix(key, "_file")] = scalar(v.Value)
		return
	}
	field, ok := names[name]
	switch {
	case !ok && at == "" && slices.Contains(reserved, name):
		d.warnings = append(d.warnings, fmt.Sprintf("%s:%d: %s: this key is reserved for a later version and does nothing yet", d.path, d.lines[key], key))
	case !ok:
		d.fault(key, "unknown key%s", didYouMean(name, names))
	case field == secretType && !variable.MatchString(scalar(v.Value)) && scalar(v.Value) != "":
		d.fault(key, "a secret does not belong in this file; write ${NAME} for a variable of the environment, or %s_file: PATH", name)
	default:
		d.walk(v.Value, field, key)
	}
}

// shape is what a value of a type is written as.
func shape(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice:
		return "list"
	case reflect.Struct, reflect.Map:
		return "block of keys"
	default:
		return "text"
	}
}

// shapeOf is what a node is written as; "" for nothing.
func shapeOf(n ast.Node) string {
	switch n.(type) {
	case nil, *ast.NullNode:
		return ""
	case *ast.SequenceNode:
		return "list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "block of keys"
	default:
		return "text"
	}
}

var variable = regexp.MustCompile(`^\$\{[A-Za-z_][A-Za-z0-9_]*\}$`)

func scalar(n ast.Node) string {
	if n == nil || n.Type() == ast.NullType {
		return ""
	}
	if s, ok := n.(ast.ScalarNode); ok {
		return fmt.Sprint(s.GetValue())
	}
	return n.String()
}

// keysOf are the keys of a struct with the types of their values.
func keysOf(t reflect.Type) map[string]reflect.Type {
	keys := map[string]reflect.Type{}
	for f := range t.Fields() {
		if name := f.Tag.Get("yaml"); name != "" && name != "-" {
			keys[name] = f.Type
		}
	}
	return keys
}

func didYouMean(name string, keys map[string]reflect.Type) string {
	best, distance := "", max(1, len(name)/3)+1
	for k := range keys {
		if d := levenshtein.ComputeDistance(name, k); d < distance || d == distance && best != "" && k < best {
			best, distance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// expand puts the environment and the secret files into the values.
func (d *document) expand(v reflect.Value, at string, getenv func(string) string) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if name := v.Type().Field(i).Tag.Get("yaml"); name != "" {
				d.expand(v.Field(i), strings.TrimPrefix(at+"."+name, "."), getenv)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			d.expand(v.Index(i), fmt.Sprintf("%s[%d]", at, i), getenv)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(v.MapIndex(key))
			d.expand(value, at+"."+key.String(), getenv)
			v.SetMapIndex(key, value)
		}
	case reflect.String:
		v.SetString(braced.ReplaceAllStringFunc(v.String(), func(s string) string { return getenv(s[2 : len(s)-1]) }))
		if path, ok := d.files[at]; ok && v.Type() == secretType {
			d.secretFile(v, at, path)
		}
	}
}

var braced = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_]*\}`)

func (d *document) secretFile(v reflect.Value, at, path string) {
	info, err := os.Stat(path)
	if err != nil {
		d.fault(at+"_file", "%s cannot be read", path)
		return
	}
	if info.Mode().Perm()&0o077 != 0 {
		d.fault(at+"_file", "%s can be read by others; run chmod 600 %s", path, path)
		return
	}
	content, err := os.ReadFile(path)
	if err != nil {
		d.fault(at+"_file", "%s cannot be read", path)
		return
	}
	v.SetString(strings.TrimSpace(string(content)))
}
