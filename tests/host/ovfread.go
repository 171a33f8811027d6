package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

const (
	nsOVF  = "http://schemas.dmtf.org/ovf/envelope/1"
	nsOVF2 = "http://schemas.dmtf.org/ovf/envelope/2"
	nsRASD = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
	nsVSSD = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData"
	nsVMW  = "http://www.vmware.com/schema/ovf"
)

// envelope is a descriptor on its way to an import specification.  What is
// wrong with it is gathered: a host tells all of it at once.
type envelope struct {
	data     []byte
	root     *node
	ns       string // of its elements: OVF 1 or 2
	files    []*fileRef
	disks    map[string]*diskRef
	networks map[string]bool
	option   string // the deployment option in force
	values   map[string]string
	errors   []types.LocalizedMethodFault
	warnings []types.LocalizedMethodFault
}

// fileRef is an entry of References.
type fileRef struct {
	n           *node
	id, href    string
	size        int64
	hasSize     bool
	compression string
	chunk       int64
}

// diskRef is an entry of DiskSection.
type diskRef struct {
	n        *node
	id       string
	file     *fileRef // nil: a blank disk
	capacity int64    // bytes
}

// line is where an element starts, as messages tell it.
func (e *envelope) line(n *node) int32 {
	return int32(1 + bytes.Count(e.data[:n.start], []byte("\n")))
}

func (e *envelope) fail(f types.BaseMethodFault, format string, args ...interface{}) {
	e.errors = append(e.errors, types.LocalizedMethodFault{Fault: f, LocalizedMessage: fmt.Sprintf(format, args...)})
}

func (e *envelope) warn(f types.BaseMethodFault, format string, args ...interface{}) {
	e.warnings = append(e.warnings, types.LocalizedMethodFault{Fault: f, LocalizedMessage: fmt.Sprintf(format, args...)})
}

// failAt says the same with the line of an element before it.
func (e *envelope) failAt(n *node, f types.BaseMethodFault, format string, args ...interface{}) {
	e.fail(f, "Line %d: "+format, append([]interface{}{e.line(n)}, args...)...)
}

// refuseItem is an error, or a warning where the descriptor says that it does
// without the element.
func (e *envelope) refuseItem(n *node, f types.BaseMethodFault, format string, args ...interface{}) {
	args = append([]interface{}{e.line(n)}, args...)
	if required, ok := n.attr(e.ns, "required"); ok && (required == "false" || required == "0") {
		e.warn(f, "Line %d: "+format, args...)
		return
	}
	e.fail(f, "Line %d: "+format, args...)
}

func (e *envelope) pkg(n *node) types.OvfInvalidPackage {
	return types.OvfInvalidPackage{LineNumber: e.line(n)}
}

func (e *envelope) unsupported(n *node) types.OvfUnsupportedPackage {
	return types.OvfUnsupportedPackage{LineNumber: e.line(n)}
}

func (e *envelope) missing(n *node, child string) {
	e.failAt(n, &types.OvfMissingElement{OvfElement: types.OvfElement{OvfInvalidPackage: e.pkg(n), Name: child}},
		"Missing child element '%s'.", child)
}

// badValue complains about the text of an element.
func (e *envelope) badValue(n *node) {
	e.failAt(n, &types.OvfElementInvalidValue{OvfElement: types.OvfElement{OvfInvalidPackage: e.pkg(n), Name: n.name},
		Value: text(n)}, "Invalid value '%s' for element '%s'.", text(n), n.name)
}

func (e *envelope) attribute(n *node, name, value string) types.OvfInvalidValue {
	return types.OvfInvalidValue{OvfAttribute: types.OvfAttribute{OvfInvalidPackage: e.pkg(n),
		ElementName: n.name, AttributeName: name}, Value: value}
}

func (e *envelope) badAttribute(n *node, name, value string) {
	e.failAt(n, &types.OvfInvalidValueFormatMalformed{OvfInvalidValue: e.attribute(n, name, value)},
		"Unable to parse '%s' for attribute '%s' on element '%s'.", value, name, n.name)
}

// need gives an attribute that has to be there.
func (e *envelope) need(n *node, name string) string {
	v, ok := n.attr(e.ns, name)
	if !ok {
		e.failAt(n, &types.OvfMissingAttribute{OvfAttribute: e.attribute(n, name, "").OvfAttribute},
			"Missing attribute '%s' on element '%s'.", name, n.name)
	}
	return v
}

func text(n *node) string { return strings.TrimSpace(n.text) }

// child gives the first element of that name, nil if there is none.
func (n *node) child(space, name string) *node {
	for _, k := range n.kids {
		if k.space == space && k.name == name {
			return k
		}
	}
	return nil
}

// childText is the text of that child, "" if there is none.
func (n *node) childText(space, name string) string {
	if k := n.child(space, name); k != nil {
		return text(k)
	}
	return ""
}

// readEnvelope reads a descriptor; what it cannot go on after is in errors.
func readEnvelope(descriptor string) *envelope {
	e := &envelope{data: []byte(strings.TrimPrefix(descriptor, "\ufeff")), disks: make(map[string]*diskRef),
		networks: make(map[string]bool), values: make(map[string]string)}
	root, err := parseTree(e.data)
	if err != nil {
		line := int32(0)
		if s, ok := err.(*xml.SyntaxError); ok {
			line, err = int32(s.Line), fmt.Errorf("%s", s.Msg)
		}
		e.fail(&types.OvfXmlFormat{OvfInvalidPackage: types.OvfInvalidPackage{LineNumber: line}, Description: err.Error()},
			"Line %d: The OVF descriptor is not well-formed XML: %v.", line, err)
		return e
	}
	e.root, e.ns = root, root.space
	switch {
	case root.space != nsOVF && root.space != nsOVF2:
		e.failAt(root, &types.OvfWrongNamespace{OvfInvalidPackage: e.pkg(root), NamespaceName: root.space},
			"Wrong namespace '%s'.", root.space)
	case root.name != "Envelope":
		e.failAt(root, &types.OvfUnexpectedElement{OvfElement: types.OvfElement{OvfInvalidPackage: e.pkg(root), Name: root.name}},
			"Unexpected element '%s'.", root.name)
	}
	return e
}

// sections reads what stands before the virtual systems.
func (e *envelope) sections() {
	if refs := e.root.child(e.ns, "References"); refs != nil {
		e.references(refs)
	} else {
		e.missing(e.root, "References")
	}
	for _, k := range e.root.kids {
		if k.space != e.ns {
			continue
		}
		switch k.name {
		case "DiskSection":
			e.diskSection(k)
		case "NetworkSection":
			for _, n := range k.kids {
				if n.name == "Network" {
					e.networks[e.need(n, "name")] = true
				}
			}
		}
	}
}

func (e *envelope) references(refs *node) {
	seen := make(map[string]bool)
	for _, n := range refs.kids {
		if n.space != e.ns || n.name != "File" {
			continue
		}
		f := &fileRef{n: n, id: e.need(n, "id"), href: e.need(n, "href")}
		if seen[f.id] {
			e.failAt(n, &types.OvfInvalidValueReference{OvfInvalidValue: e.attribute(n, "id", f.id)},
				"Duplicate value '%s' for attribute 'id' on element 'File'.", f.id)
		}
		seen[f.id] = true
		f.compression, _ = n.attr(e.ns, "compression")
		if f.compression == "identity" {
			f.compression = ""
		}
		if f.compression != "" && f.compression != "gzip" {
			e.badAttribute(n, "compression", f.compression)
		}
		f.size, f.hasSize = e.number(n, "size")
		f.chunk, _ = e.number(n, "chunkSize")
		e.files = append(e.files, f)
	}
}

// number reads an attribute that is not below 0, and tells whether it is there.
func (e *envelope) number(n *node, name string) (int64, bool) {
	v, ok := n.attr(e.ns, name)
	if !ok {
		return 0, false
	}
	x, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
	if err != nil || x < 0 {
		e.badAttribute(n, name, v)
		return 0, false
	}
	return x, true
}

func (e *envelope) file(id string) *fileRef {
	for _, f := range e.files {
		if f.id == id {
			return f
		}
	}
	return nil
}

var diskFormat = regexp.MustCompile(`^https?://www\.vmware\.com/(interfaces/)?specifications/vmdk\.html(#[A-Za-z]+)?$`)

func (e *envelope) diskSection(section *node) {
	for _, n := range section.kids {
		if n.space != e.ns || n.name != "Disk" {
			continue
		}
		d := &diskRef{n: n, id: e.need(n, "diskId")}
		if _, ok := n.attr(e.ns, "parentRef"); ok {
			e.failAt(n, &types.OvfUnsupportedAttribute{OvfUnsupportedPackage: e.unsupported(n), ElementName: "Disk",
				AttributeName: "parentRef"}, "Unsupported attribute 'parentRef' on element 'Disk'.")
		}
		if ref, ok := n.attr(e.ns, "fileRef"); ok {
			if d.file = e.file(ref); d.file == nil {
				e.failAt(n, &types.OvfInvalidValueReference{OvfInvalidValue: e.attribute(n, "fileRef", ref)},
					"Invalid value '%s' for attribute 'fileRef' on element 'Disk'.", ref)
			}
		}
		if f, ok := n.attr(e.ns, "format"); ok && !diskFormat.MatchString(f) {
			e.failAt(n, &types.OvfUnsupportedAttributeValue{OvfUnsupportedAttribute: types.OvfUnsupportedAttribute{
				OvfUnsupportedPackage: e.unsupported(n), ElementName: "Disk", AttributeName: "format"}, Value: f},
				"Not supported value '%s' for attribute 'format' of element 'Disk'.", f)
		}
		d.capacity = e.capacity(n)
		if e.disks[d.id] != nil {
			e.failAt(n, &types.OvfInvalidValueReference{OvfInvalidValue: e.attribute(n, "diskId", d.id)},
				"Duplicate value '%s' for attribute 'diskId' on element 'Disk'.", d.id)
		}
		e.disks[d.id] = d
	}
}

var variable = regexp.MustCompile(`^\$\{([^}]+)\}$`)

// capacity gives a disk's size in bytes, 0 after a complaint.
func (e *envelope) capacity(n *node) int64 {
	v := strings.TrimSpace(e.need(n, "capacity"))
	if m := variable.FindStringSubmatch(v); m != nil {
		v = e.values[m[1]]
	}
	x, ok := new(big.Int).SetString(v, 10)
	if !ok || x.Sign() <= 0 {
		e.badAttribute(n, "capacity", v)
		return 0
	}
	unit, _ := n.attr(e.ns, "capacityAllocationUnits")
	factor, ok := allocationUnit(unit)
	if !ok {
		e.badAttribute(n, "capacityAllocationUnits", unit)
		return 0
	}
	x.Mul(x, factor)
	if x.BitLen() > 62 {
		e.badAttribute(n, "capacity", v)
		return 0
	}
	return x.Int64()
}

var unitPower = regexp.MustCompile(`^byte\s*\*\s*(2|10)\s*\^\s*(\d{1,2})$`)

// allocationUnit knows the words of OVF 1 ("byte * 2^20") and of drafts.
func allocationUnit(s string) (*big.Int, bool) {
	s = strings.TrimSpace(s)
	if n, ok := map[string]uint{"": 0, "byte": 0, "bytes": 0, "KiloBytes": 10, "MegaBytes": 20, "GigaBytes": 30}[s]; ok {
		return new(big.Int).Lsh(big.NewInt(1), n), true
	}
	m := unitPower.FindStringSubmatch(strings.Replace(s, "bytes", "byte", 1))
	if m == nil {
		return nil, false
	}
	base, _ := new(big.Int).SetString(m[1], 10)
	power, _ := new(big.Int).SetString(m[2], 10)
	return base.Exp(base, power, nil), true
}
