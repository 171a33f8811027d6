package main

import (
	"reflect"
	"strings"
	"time"

	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
)

// array is an ArrayOfX inside an xsd:anyType.  govmomi's own ArrayOf types
// leave xsi:type off the elements; hosts write it on each.
type array struct {
	kind string // X
	elem string // the elements' name
	v    reflect.Value
}

// plainArrays are those of built-in types: ArrayOfString holds string.
var plainArrays = map[reflect.Kind]string{
	reflect.String: "String", reflect.Bool: "Boolean", reflect.Int8: "Byte", reflect.Uint8: "Byte",
	reflect.Int16: "Short", reflect.Int32: "Int", reflect.Int64: "Long",
}

func newArray(v reflect.Value) array {
	t := v.Type().Elem()
	a := array{v: v}
	a.kind = strings.TrimPrefix(t.Name(), "Base")
	a.elem = a.kind
	if k, ok := plainArrays[t.Kind()]; ok && t.PkgPath() == "" {
		a.kind, a.elem = k, strings.ToLower(k)
	}
	return a
}

// refs gives the references that the array holds, if it holds such.
func (a array) refs() []types.ManagedObjectReference {
	r, _ := a.v.Interface().([]types.ManagedObjectReference)
	return r
}

// typeName is what xsi:type says of a value.
func typeName(v reflect.Value) string {
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Ptr {
		v = v.Elem()
	}
	t := v.Type()
	switch {
	case t == reflect.TypeOf(time.Time{}):
		return "xsd:dateTime"
	case t.PkgPath() != "":
		return t.Name()
	case t.Kind() == reflect.Bool:
		return "xsd:boolean"
	}
	return "xsd:" + strings.ToLower(plainArrays[t.Kind()])
}

func typed(start xml.StartElement, name string) xml.StartElement {
	start.Attr = append(start.Attr, xml.Attr{Name: xml.Name{Local: "xsi:type"}, Value: name})
	return start
}

// MarshalXML writes the array the way hosts do.
func (a array) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	start.Attr = nil // the encoder's guess, by the name of the Go type
	start = typed(start, "ArrayOf"+a.kind)
	if err := e.EncodeToken(start); err != nil {
		return err
	}
	for i := 0; i < a.v.Len(); i++ {
		item := a.v.Index(i)
		elem := typed(xml.StartElement{Name: xml.Name{Local: a.elem}}, typeName(item))
		if err := e.EncodeElement(item.Interface(), elem); err != nil {
			return err
		}
	}
	return e.EncodeToken(start.End())
}
