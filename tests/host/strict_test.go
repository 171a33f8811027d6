package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const soapHead = `<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" ` +
	`xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ` +
	`xmlns:v="urn:vim25"><e:Body>`
const soapTail = `</e:Body></e:Envelope>`

// read runs the checks of a request that has nothing wrong outside its body.
func read(t *testing.T, text string, change func(r *http.Request)) (*call, error) {
	t.Helper()
	h := &Host{}
	r := httptest.NewRequest(http.MethodPost, "/sdk", nil)
	r.Header.Set("Content-Type", `text/xml; charset="utf-8"`)
	r.Header.Set("SOAPAction", `"urn:vim25/7.0.3.0"`)
	if change != nil {
		change(r)
	}
	return h.readCall(r, []byte(text))
}

func method(name, inside string) string {
	return soapHead + "<" + name + ` xmlns="urn:vim25">` + inside + "</" + name + ">" + soapTail
}

const (
	thisVM = `<_this type="VirtualMachine">12</_this>`
	thisPC = `<_this type="PropertyCollector">ha-property-collector</_this>`
	propVM = `<propSet><type>VirtualMachine</type><pathSet>name</pathSet></propSet>`
)

func retrieve(objectSet string) string {
	return method("RetrievePropertiesEx", thisPC+"<specSet>"+propVM+"<objectSet>"+objectSet+"</objectSet></specSet><options/>")
}

func TestGoodRequests(t *testing.T) {
	good := map[string]string{
		"snapshot": method("CreateSnapshot_Task", thisVM+"<name>a</name><description>b</description><memory>false</memory><quiesce>1</quiesce>"),
		"no optional": method("RemoveSnapshot_Task",
			`<_this type="VirtualMachineSnapshot">12-snapshot-1</_this><removeChildren>false</removeChildren>`),
		"traversal": retrieve(`<obj type="Folder">f</obj><skip>true</skip><selectSet xsi:type="TraversalSpec"><name>x</name>` +
			`<type>Folder</type><path>childEntity</path><selectSet xsi:type="v:SelectionSpec"><name>x</name></selectSet></selectSet>`),
		"typed builtin": method("Login", `<_this type="SessionManager">s</_this><userName xsi:type="xsd:string">u</userName><password>p</password>`),
		"empty version": method("WaitForUpdatesEx", thisPC+"<version></version>"),
		"empty required string": method("CreateImportSpec", `<_this type="OvfManager">o</_this><ovfDescriptor>x</ovfDescriptor>`+
			`<resourcePool type="ResourcePool">p</resourcePool><datastore type="Datastore">d</datastore>`+
			`<cisp><locale></locale><deploymentOption></deploymentOption><entityName>n</entityName></cisp>`),
		"quiesce spec": method("CreateSnapshotEx_Task", thisVM+`<name>a</name><memory>false</memory>`+
			`<quiesceSpec xsi:type="VirtualMachineGuestQuiesceSpec"><timeout>5</timeout></quiesceSpec>`),
	}
	for name, text := range good {
		if _, err := read(t, text, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMalformedRequests(t *testing.T) {
	snap := func(inside string) string { return method("CreateSnapshot_Task", thisVM+inside) }
	bad := []struct{ name, text, reason string }{
		{"order", snap("<memory>false</memory><name>a</name><quiesce>false</quiesce>"), "name"},
		{"order of optional", snap("<name>a</name><memory>false</memory><description>d</description><quiesce>false</quiesce>"), "out of order"},
		{"missing", snap("<name>a</name><memory>false</memory>"), "quiesce is missing"},
		{"unknown", snap("<name>a</name><memory>false</memory><quiesce>false</quiesce><extra>1</extra>"), `Unexpected element tag "extra"`},
		{"twice", snap("<name>a</name><name>b</name><memory>false</memory><quiesce>false</quiesce>"), "twice"},
		{"bool", snap("<name>a</name><memory>yes</memory><quiesce>false</quiesce>"), "not a valid bool"},
		{"empty optional", snap("<name>a</name><description/><memory>false</memory><quiesce>false</quiesce>"), "empty optional"},
		{"namespace", soapHead + `<v:CreateSnapshot_Task><_this type="VirtualMachine">12</_this></v:CreateSnapshot_Task>` + soapTail, "namespace"},
		{"method namespace", soapHead + `<Login>x</Login>` + soapTail, "Unable to resolve WSDL method name"},
		{"method", method("Nonsense", thisVM), "Unable to resolve WSDL method name"},
		{"data type as method", method("TraversalSpec", ""), "Unable to resolve WSDL method name"},
		{"moref type", method("ExportVm", "<_this>12</_this>"), "without attribute type"},
		{"empty moref", method("ExportVm", `<_this type="VirtualMachine"></_this>`), "empty managed object reference"},
		{"no this", method("ExportVm", ""), "_this is missing"},
		{"int", method("HttpNfcLeaseProgress", `<_this type="HttpNfcLease">l</_this><percent>5%</percent>`), "not a valid int32"},
		{"int range", method("HttpNfcLeaseProgress", `<_this type="HttpNfcLease">l</_this><percent>4294967296</percent>`), "not a valid int32"},
		{"no xsi:type", retrieve(`<obj type="Folder">f</obj><selectSet><type>Folder</type><path>childEntity</path></selectSet>`), "no xsi:type"},
		{"unknown type", retrieve(`<obj type="Folder">f</obj><selectSet xsi:type="Traverse"><path>x</path></selectSet>`), "unknown type"},
		{"wrong type", retrieve(`<obj type="Folder">f</obj><selectSet xsi:type="ObjectSpec"><path>x</path></selectSet>`), "not a BaseSelectionSpec"},
		{"unknown prefix", retrieve(`<obj type="Folder">f</obj><selectSet xsi:type="q:TraversalSpec"><path>x</path></selectSet>`), "unknown prefix"},
		{"base class order", retrieve(`<obj type="Folder">f</obj><selectSet xsi:type="TraversalSpec"><type>Folder</type><path>x</path><name>n</name></selectSet>`), "out of order"},
		{"no options", method("RetrievePropertiesEx", thisPC+"<specSet>"+propVM+`<objectSet><obj type="Folder">f</obj></objectSet></specSet>`), "options is missing"},
		{"text", method("ExportVm", "stray"+thisVM), "text in an element"},
		{"two methods", soapHead + `<ExportVm xmlns="urn:vim25">` + thisVM + `</ExportVm><ExportVm xmlns="urn:vim25"/>` + soapTail, "2 elements"},
		{"cut", method("ExportVm", thisVM)[:200], "expat"},
		{"envelope", strings.Replace(method("ExportVm", thisVM), "schemas.xmlsoap.org/soap/envelope", "www.w3.org/2003/05/soap-envelope", 1), "not an Envelope"},
		{"latin-1", method("CreateSnapshot_Task", thisVM+"<name>\xe4</name>"), "not well-formed"},
		{"doctype", "<!DOCTYPE x []>" + method("ExportVm", thisVM), "document type"},
	}
	for _, b := range bad {
		_, err := read(t, b.text, nil)
		if err == nil || !strings.Contains(err.Error(), b.reason) {
			t.Errorf("%s: got %v, want %q", b.name, err, b.reason)
		}
	}
}

func TestHeaders(t *testing.T) {
	text := method("ExportVm", thisVM)
	set := func(name, value string) func(r *http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for _, c := range []struct {
		change  func(r *http.Request)
		version string
		reason  string
	}{
		{nil, "7.0.3.0", ""},
		{set("SOAPAction", "urn:vim25/6.7"), "6.7", ""},
		{set("SOAPAction", "urn:vim25"), oldest, ""},
		{set("SOAPAction", "urn:vim25/99.0"), "", "Unsupported version URI \"urn:vim25/99.0\""},
		{set("SOAPAction", "http://x"), "", "is not urn:vim25/VERSION"},
		{func(r *http.Request) { r.Header.Del("SOAPAction") }, "", "no SOAPAction"},
		{set("Content-Type", "application/soap+xml"), "", "not text/xml"},
		{set("Content-Type", "text/xml; charset=iso-8859-1"), "", "charset"},
	} {
		call, err := read(t, text, c.change)
		switch {
		case c.reason == "" && (err != nil || call.version != c.version):
			t.Errorf("version %q, %v; want %q", call.version, err, c.version)
		case c.reason != "" && (err == nil || !strings.Contains(err.Error(), c.reason)):
			t.Errorf("got %v, want %q", err, c.reason)
		}
	}
}
