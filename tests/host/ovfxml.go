package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
)

// ovfWriter writes indented XML; attributes come as name, value pairs.
type ovfWriter struct {
	b     bytes.Buffer
	depth int
}

func xmlEscape(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

func (w *ovfWriter) tag(name string, attrs []string, end string) {
	w.b.WriteString(strings.Repeat("  ", w.depth) + "<" + name)
	for i := 0; i+1 < len(attrs); i += 2 {
		fmt.Fprintf(&w.b, ` %s="%s"`, attrs[i], xmlEscape(attrs[i+1]))
	}
	w.b.WriteString(end)
}

// in opens an element and writes its inside.
func (w *ovfWriter) in(name string, attrs []string, inside func()) {
	w.tag(name, attrs, ">\n")
	w.depth++
	inside()
	w.depth--
	w.b.WriteString(strings.Repeat("  ", w.depth) + "</" + name + ">\n")
}

func (w *ovfWriter) empty(name string, attrs ...string) { w.tag(name, attrs, "/>\n") }

func (w *ovfWriter) text(name, text string, attrs ...string) {
	w.tag(name, attrs, ">"+xmlEscape(text)+"</"+name+">\n")
}

// vmw writes a setting of VMware's own.
func (w *ovfWriter) vmw(element, key, value string) {
	w.empty(element, "ovf:required", "false", "vmw:key", key, "vmw:value", value)
}

// rasd is a hardware item; its elements must come sorted by name.
func (w *ovfWriter) rasd(attrs []string, pairs ...string) {
	w.item(attrs, nil, pairs...)
}

func (w *ovfWriter) item(attrs []string, settings [][2]string, pairs ...string) {
	w.in("Item", attrs, func() {
		for i := 0; i+1 < len(pairs); i += 2 {
			w.text("rasd:"+pairs[i], pairs[i+1])
		}
		for _, s := range settings {
			w.vmw("vmw:Config", s[0], s[1])
		}
	})
}
