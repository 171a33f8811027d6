package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	nsEnvelope = "http://schemas.xmlsoap.org/soap/envelope/"
	nsVim      = "urn:vim25"
	nsXSI      = "http://www.w3.org/2001/XMLSchema-instance"
	nsXSD      = "http://www.w3.org/2001/XMLSchema"
)

// node is an element of a request.  Prefixes are kept because xsi:type holds
// one in its value.
type node struct {
	space, name string
	attrs       []xml.Attr
	text        string
	kids        []*node
	prefixes    map[string]string
	offset      int64 // behind the start tag
	start       int64 // of it
}

func (n *node) attr(space, name string) (string, bool) {
	for _, a := range n.attrs {
		if a.Name.Space == space && a.Name.Local == name {
			return a.Value, true
		}
	}
	return "", false
}

// resolve splits a QName such as "xsd:string" into namespace and name.
func (n *node) resolve(qname string) (space, name string, ok bool) {
	prefix, name := "", qname
	if i := strings.IndexByte(qname, ':'); i >= 0 {
		prefix, name = qname[:i], qname[i+1:]
	}
	space, ok = n.prefixes[prefix]
	return space, name, ok
}

func childPrefixes(parent map[string]string, attrs []xml.Attr) map[string]string {
	m := parent
	for _, a := range attrs {
		var prefix string
		switch {
		case a.Name.Space == "xmlns":
			prefix = a.Name.Local
		case a.Name.Space == "" && a.Name.Local == "xmlns":
			prefix = ""
		default:
			continue
		}
		c := make(map[string]string, len(m)+1)
		for k, v := range m {
			c[k] = v
		}
		c[prefix] = a.Value
		m = c
	}
	return m
}

// parseTree reads a whole document.
func parseTree(data []byte) (*node, error) {
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("not well-formed (invalid token)")
	}
	dec := xml.NewDecoder(bytes.NewReader(data))
	var stack []*node
	var root *node
	for {
		start := dec.InputOffset()
		tok, err := dec.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			n := &node{space: t.Name.Space, name: t.Name.Local,
				offset: dec.InputOffset(), start: start}
			n.attrs = append(n.attrs, t.Attr...)
			if len(stack) > 0 {
				top := stack[len(stack)-1]
				n.prefixes = childPrefixes(top.prefixes, t.Attr)
				top.kids = append(top.kids, n)
			} else if root != nil {
				return nil, fmt.Errorf("junk after document element")
			} else {
				n.prefixes = childPrefixes(nil, t.Attr)
				root = n
			}
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if len(stack) > 0 {
				stack[len(stack)-1].text += string(t)
			} else if strings.TrimSpace(string(t)) != "" {
				return nil, fmt.Errorf("text outside the document element")
			}
		case xml.Directive:
			return nil, fmt.Errorf("a document type declaration")
		}
	}
	if root == nil {
		return nil, fmt.Errorf("no element found")
	}
	return root, nil
}

// only gives the one child element of that name and namespace.
func (n *node) only(space, name string) (*node, error) {
	var found *node
	for _, k := range n.kids {
		if k.space != space || k.name != name {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("two elements %s", name)
		}
		found = k
	}
	if found == nil {
		return nil, fmt.Errorf("no element %s in namespace %s", name, space)
	}
	return found, nil
}

// write gives the element and all below as text: everything is in the vim25
// namespace, which the checks have made sure of, and types have the prefixes
// that govmomi's decoder knows.
func (n *node) write(b *bytes.Buffer) {
	b.WriteString("<" + n.name)
	for _, a := range n.attrs {
		switch {
		case a.Name.Space == "xmlns" || a.Name.Local == "xmlns":
		case a.Name.Space == nsXSI && a.Name.Local == "type":
			space, name, _ := n.resolve(a.Value)
			if space == nsXSD {
				name = "xsd:" + name
			}
			fmt.Fprintf(b, ` xsi:type="%s"`, name)
		case a.Name.Space == "":
			fmt.Fprintf(b, ` %s="%s"`, a.Name.Local, xmlEscape(a.Value))
		}
	}
	b.WriteString(">" + xmlEscape(n.text))
	for _, k := range n.kids {
		k.write(b)
	}
	b.WriteString("</" + n.name + ">")
}
