package main

import (
	"encoding/xml"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// malformed says what a real host would refuse about a request, and where.
type malformed struct {
	path   string
	reason string
}

func (m *malformed) Error() string { return m.path + ": " + m.reason }

func bad(path, format string, args ...interface{}) error {
	return &malformed{path, fmt.Sprintf(format, args...)}
}

var (
	typeMoref = reflect.TypeOf(types.ManagedObjectReference{})
	typeTime  = reflect.TypeOf(time.Time{})
	typeByte  = reflect.TypeOf(uint8(0))
)

// property is an element that a type declares, in the order of the schema.
type property struct {
	name     string
	typ      reflect.Type // of one element, pointers and slices taken off
	repeats  bool
	optional bool
	typed    bool // needs xsi:type: the declared type is a base class
}

// properties flattens a struct: the fields of base classes come first.
func properties(t reflect.Type) []property {
	var all []property
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		if f.Anonymous {
			all = append(all, properties(f.Type)...)
			continue
		}
		tag, ok := f.Tag.Lookup("xml")
		if !ok {
			continue
		}
		words := strings.Split(tag, ",")
		p := property{name: words[0], typ: f.Type}
		for _, w := range words[1:] {
			switch w {
			case "omitempty":
				p.optional = true
			case "typeattr":
				p.typed = true
			}
		}
		if p.typ.Kind() == reflect.Slice && p.typ.Elem() != typeByte {
			p.repeats, p.optional = true, true
			p.typ = p.typ.Elem()
		}
		if p.typ.Kind() == reflect.Ptr {
			p.optional = true
			p.typ = p.typ.Elem()
		}
		all = append(all, p)
	}
	return all
}

// emptyAllowed are optional elements that hosts take empty.
var emptyAllowed = map[string]bool{
	"options": true, // of RetrievePropertiesEx
	"version": true, // of WaitForUpdatesEx: the first call has no version yet
}

// checkStruct checks the children of n against the type's properties.
func checkStruct(n *node, t reflect.Type, path string) error {
	if strings.TrimSpace(n.text) != "" {
		return bad(path, "text in an element that holds elements")
	}
	props := properties(t)
	at, seen := 0, 0 // the property the last element belonged to, and how many of it
	for _, kid := range n.kids {
		if kid.space != nsVim {
			return bad(path+"/"+kid.name, "namespace %q instead of %s", kid.space, nsVim)
		}
		i, err := locate(props, at, kid.name, path)
		if err != nil {
			return err
		}
		if i > at {
			if err := missing(props[at:i], seen, path); err != nil {
				return err
			}
			at, seen = i, 0
		}
		seen++
		if seen > 1 && !props[i].repeats {
			return bad(path+"/"+kid.name, "element twice")
		}
		if err := checkProperty(kid, props[i], path+"/"+kid.name); err != nil {
			return err
		}
	}
	return missing(props[at:], seen, path)
}

func locate(props []property, at int, name, path string) (int, error) {
	for i := range props {
		if props[i].name != name {
			continue
		}
		if i < at {
			return 0, bad(path+"/"+name, "element out of order, after %s", props[at].name)
		}
		return i, nil
	}
	return 0, bad(path+"/"+name, "Unexpected element tag %q seen", name)
}

// missing complains about required properties that were passed over; seen
// counts elements of the first one.
func missing(props []property, seen int, path string) error {
	for i, p := range props {
		if !p.optional && (i > 0 || seen == 0) {
			return bad(path, "Required property %s is missing", p.name)
		}
	}
	return nil
}

func checkProperty(n *node, p property, path string) error {
	if v, ok := n.attr(nsXSI, "nil"); ok && v == "true" {
		return bad(path, "xsi:nil")
	}
	t, err := actualType(n, p, path)
	if err != nil {
		return err
	}
	if p.optional && !p.repeats && len(n.kids) == 0 && strings.TrimSpace(n.text) == "" && !emptyAllowed[p.name] {
		return bad(path, "empty optional element")
	}
	return checkValue(n, t, path)
}

// plainBases are base classes that are used themselves: an element of exactly
// that type needs no xsi:type, and pyVmomi for one leaves it off then.
var plainBases = map[string]bool{
	"Description": true, "OptionValue": true, "VirtualDeviceConfigSpec": true, "VmConfigSpec": true,
}

func plainBase(p property) (reflect.Type, bool) {
	name := strings.TrimPrefix(p.typ.Name(), "Base")
	if !p.typed || !plainBases[name] {
		return nil, false
	}
	return types.TypeFunc()(name)
}

// actualType follows xsi:type.
func actualType(n *node, p property, path string) (reflect.Type, error) {
	q, ok := n.attr(nsXSI, "type")
	if !ok {
		if t, ok := plainBase(p); ok {
			n.attrs = append(n.attrs, xml.Attr{Name: xml.Name{Space: nsXSI, Local: "type"}, Value: t.Name()})
			return t, nil
		}
		if p.typed {
			return nil, bad(path, "no xsi:type, though the declared type is a base class")
		}
		return p.typ, nil
	}
	space, name, ok := n.resolve(q)
	switch {
	case !ok:
		return nil, bad(path, "xsi:type %q: unknown prefix", q)
	case space == nsXSD:
		return builtin(name, p, path)
	case space != nsVim:
		return nil, bad(path, "xsi:type %q: namespace %q", q, space)
	}
	t, ok := types.TypeFunc()(name)
	if !ok {
		return nil, bad(path, "xsi:type %q: unknown type", q)
	}
	if !fits(t, p.typ) {
		return nil, bad(path, "xsi:type %q: not a %s", q, p.typ.Name())
	}
	return t, nil
}

var builtins = map[string]reflect.Type{
	"string":       reflect.TypeOf(""),
	"boolean":      reflect.TypeOf(true),
	"byte":         reflect.TypeOf(int8(0)),
	"short":        reflect.TypeOf(int16(0)),
	"int":          reflect.TypeOf(int32(0)),
	"long":         reflect.TypeOf(int64(0)),
	"float":        reflect.TypeOf(float32(0)),
	"double":       reflect.TypeOf(float64(0)),
	"dateTime":     typeTime,
	"base64Binary": reflect.TypeOf([]byte(nil)),
	"anyURI":       reflect.TypeOf(""),
}

func builtin(name string, p property, path string) (reflect.Type, error) {
	t, ok := builtins[name]
	if !ok {
		return nil, bad(path, "xsi:type xsd:%s: unknown type", name)
	}
	plain := p.typ.Kind() == t.Kind()
	any := p.typ.Kind() == reflect.Interface && p.typ.NumMethod() == 0
	if !plain && !any {
		return nil, bad(path, "xsi:type xsd:%s: not a %s", name, p.typ.Name())
	}
	return t, nil
}

// fits tells whether a value of type t may stand where declared is declared.
func fits(t, declared reflect.Type) bool {
	if declared.Kind() == reflect.Interface {
		return t.Implements(declared) || reflect.PtrTo(t).Implements(declared)
	}
	for t.Kind() == reflect.Struct {
		if t == declared {
			return true
		}
		if t.NumField() == 0 || !t.Field(0).Anonymous {
			return false
		}
		t = t.Field(0).Type
	}
	return t == declared
}

func checkValue(n *node, t reflect.Type, path string) error {
	switch {
	case t == typeMoref:
		return checkMoref(n, path)
	case t.Kind() == reflect.Struct && t != typeTime:
		return checkStruct(n, t, path)
	case len(n.kids) != 0:
		return bad(path+"/"+n.kids[0].name, "element inside a plain value")
	}
	text := strings.TrimSpace(n.text)
	if err := parseScalar(text, t); err != nil {
		return bad(path, "%q is not a valid %s", text, t.String())
	}
	return nil
}

func checkMoref(n *node, path string) error {
	if len(n.kids) != 0 {
		return bad(path, "element inside a managed object reference")
	}
	if v, ok := n.attr("", "type"); !ok || v == "" {
		return bad(path, "managed object reference without attribute type")
	}
	if strings.TrimSpace(n.text) == "" {
		return bad(path, "empty managed object reference")
	}
	if n.text != strings.TrimSpace(n.text) {
		return bad(path, "blanks around a managed object id")
	}
	return nil
}

func parseScalar(s string, t reflect.Type) error {
	var err error
	switch t.Kind() {
	case reflect.Bool:
		if s != "true" && s != "false" && s != "1" && s != "0" {
			err = strconv.ErrSyntax
		}
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		_, err = strconv.ParseInt(s, 10, t.Bits())
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		_, err = strconv.ParseUint(s, 10, t.Bits())
	case reflect.Float32, reflect.Float64:
		_, err = strconv.ParseFloat(s, t.Bits())
	case reflect.Struct:
		_, err = time.Parse(time.RFC3339, s)
	}
	return err
}
