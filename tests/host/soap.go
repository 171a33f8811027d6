package main

import (
	"bytes"
	"compress/gzip"
	stdxml "encoding/xml"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"runtime/debug"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
)

// call is one request of a client on its way through the host.
type call struct {
	h       *Host
	ses     *session // nil before Login
	method  string
	this    types.ManagedObjectReference
	body    interface{}
	raw     []byte
	version string
	cookie  string // the session cookie's value as it came
	header  http.Header
	agent   string
	peer    string
	tokens  []string // Set-Cookie values to answer with
}

// handler answers a method, with the host's lock held.  The response is a
// pointer to the generated XxxResponse type.
type handler func(c *call) (interface{}, error)

// reply is what goes back: a response or a fault.
type reply struct {
	res   interface{}
	fault *vimFault
	plain string // a whole Body made elsewhere
	text  string // the envelope, once written
	err   error  // why it could not be written
}

const maxRequest = 16 << 20

func (h *Host) serveSDK(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	if r.URL.Path != "/sdk" && r.URL.Path != "/sdk/" {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodPost {
		h.malformed("", fmt.Errorf("HTTP method %s", r.Method), r)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
	if err != nil {
		return
	}
	c, err := h.readCall(r, raw)
	if err != nil {
		h.refuse(w, r, c, err)
		return
	}
	if h.transportFault(w, c) {
		return
	}
	rep := h.answer(c)
	h.logCall(c, rep, start)
	h.send(w, r, c, rep)
}

// readCall decodes the request after checking it as strictly as a host does.
func (h *Host) readCall(r *http.Request, raw []byte) (*call, error) {
	c := &call{h: h, raw: raw, header: r.Header, agent: r.UserAgent(), peer: peerHost(r)}
	version, err := h.actionVersion(r)
	if err != nil {
		return c, err
	}
	c.version = version
	if err := checkContentType(r.Header.Get("Content-Type")); err != nil {
		return c, err
	}
	m, err := requestElement(raw)
	if err != nil {
		return c, err
	}
	c.method = m.name
	t, ok := types.TypeFunc()(m.name)
	if m.name == "Fetch" {
		t, ok = reflect.TypeOf(fetchRequest{}), true
	}
	if !ok || !isMethod(t) {
		return c, bad(m.name, "Unable to resolve WSDL method name %s for namespace name %s", m.name, m.space)
	}
	if len(m.kids) > 0 {
		c.this.Type, _ = m.kids[0].attr("", "type")
		c.this.Value = m.kids[0].text
	}
	if err := checkStruct(m, t, m.name); err != nil {
		return c, err
	}
	return c, c.decode(m, t)
}

// fetchRequest is the undocumented method Fetch, one property of one object;
// pyVmomi uses it for every attribute access.
type fetchRequest struct {
	This types.ManagedObjectReference `xml:"_this"`
	Prop string                       `xml:"prop"`
}

// decode turns the checked text into the request type.
func (c *call) decode(n *node, t reflect.Type) error {
	find := types.TypeFunc()
	var text bytes.Buffer
	text.WriteString(`<Envelope xmlns="` + nsEnvelope + `" xmlns:xsi="` + nsXSI + `"><Body>`)
	n.write(&text)
	text.WriteString("</Body></Envelope>")
	m, err := simulator.UnmarshalBody(func(name string) (reflect.Type, bool) {
		if name == "Fetch" {
			return t, true
		}
		return find(name)
	}, text.Bytes())
	if err != nil {
		return bad(c.method, "%v", err)
	}
	c.body = m.Body
	return nil
}

// isMethod tells request types from data types: they start with _this.
func isMethod(t reflect.Type) bool {
	if t.Kind() != reflect.Struct || t.NumField() == 0 {
		return false
	}
	return t.Field(0).Tag.Get("xml") == "_this"
}

func checkContentType(v string) error {
	media, params, err := mime.ParseMediaType(v)
	if err != nil || media != "text/xml" {
		return fmt.Errorf("Content-Type %q is not text/xml", v)
	}
	if cs, ok := params["charset"]; ok && !strings.EqualFold(cs, "utf-8") {
		return fmt.Errorf("Content-Type %q: charset is not utf-8", v)
	}
	return nil
}

func requestElement(raw []byte) (*node, error) {
	root, err := parseTree(raw)
	if err != nil {
		return nil, bad("request", "Error returned by expat parser: %v", err)
	}
	if root.space != nsEnvelope || root.name != "Envelope" {
		return nil, bad(root.name, "not an Envelope of %s", nsEnvelope)
	}
	for _, k := range root.kids {
		if k.space != nsEnvelope || (k.name != "Header" && k.name != "Body") {
			return nil, bad("Envelope/"+k.name, "neither Header nor Body")
		}
	}
	body, err := root.only(nsEnvelope, "Body")
	if err != nil {
		return nil, bad("Envelope", "%v", err)
	}
	if len(body.kids) != 1 {
		return nil, bad("Body", "%d elements instead of one", len(body.kids))
	}
	m := body.kids[0]
	if m.space != nsVim {
		return nil, bad(m.name, "Unable to resolve WSDL method name %s for namespace name %s", m.name, m.space)
	}
	return m, nil
}

func peerHost(r *http.Request) string {
	if i := strings.LastIndexByte(r.RemoteAddr, ':'); i >= 0 {
		return r.RemoteAddr[:i]
	}
	return r.RemoteAddr
}

// malformed tells the log what a real host would refuse, and where it stood.
func (h *Host) malformed(method string, err error, r *http.Request) {
	f := fields{"method": method, "reason": err.Error(), "agent": r.UserAgent()}
	if m, ok := err.(*malformed); ok {
		f["path"], f["reason"] = m.path, m.reason
	}
	h.log.add("malformed", f)
}

// refuse answers a request that never becomes a call.
func (h *Host) refuse(w http.ResponseWriter, r *http.Request, c *call, err error) {
	where := c.method
	if where == "" {
		where = "request"
	}
	if u, ok := err.(*unsupportedVersion); ok {
		h.log.add("unsupported-version", fields{"uri": u.uri, "agent": r.UserAgent()})
		msg := u.Error() + "\n\nwhile parsing SOAP body\n\nwhile parsing SOAP envelope\n\n" +
			"while parsing HTTP request before method was determined\nat line 1, column 0"
		h.send(w, r, c, reply{fault: &vimFault{msg, &types.InvalidRequest{}}})
		return
	}
	h.malformed(c.method, err, r)
	msg := fmt.Sprintf("\n%v\n\nwhile parsing call information for method %s\n\nwhile parsing SOAP body\n\n"+
		"while parsing SOAP envelope\n\nwhile parsing HTTP request for method %s\nat line 1, column 0", err, where, where)
	h.send(w, r, c, reply{fault: &vimFault{msg, &types.InvalidRequest{}}})
}

// answer runs the method; a panic in the simulator must not end the host.
func (h *Host) answer(c *call) (rep reply) {
	defer func() {
		if p := recover(); p != nil {
			h.log.add("panic", fields{"method": c.method, "reason": fmt.Sprint(p), "stack": string(debug.Stack())})
			rep = reply{fault: &vimFault{fmt.Sprint(p), &types.SystemError{Reason: fmt.Sprint(p)}}}
		}
	}()
	h.mu.Lock()
	defer h.mu.Unlock()
	rep = newReply(h.dispatch(c))
	// The reply shares memory with the inventory: write it under the lock.
	rep.text, rep.err = rep.envelope()
	return rep
}

func newReply(res interface{}, err error) reply {
	switch e := err.(type) {
	case nil:
		if body, ok := res.(passedOn); ok {
			return body.reply
		}
		return reply{res: res}
	case *vimFault:
		return reply{fault: e}
	default:
		return reply{fault: &vimFault{err.Error(), &types.SystemError{Reason: err.Error()}}}
	}
}

func (h *Host) logCall(c *call, rep reply, start time.Time) {
	f := fields{
		"method": c.method, "this": c.this.Type + ":" + c.this.Value,
		"version": c.version, "result": "ok", "ms": time.Since(start).Milliseconds(),
	}
	if c.ses != nil {
		f["session"] = c.ses.n
	}
	if rep.fault != nil {
		f["result"], f["fault"], f["message"] = "fault", rep.fault.kind(), rep.fault.msg
	}
	if op := operationID(c.raw); op != "" {
		f["operation"] = op
	}
	h.log.add("call", f)
}

// operationID is the client's mark in the SOAP header, shown in real logs too.
func operationID(raw []byte) string {
	root, err := parseTree(raw)
	if err != nil {
		return ""
	}
	head, err := root.only(nsEnvelope, "Header")
	if err != nil {
		return ""
	}
	for _, k := range head.kids {
		if k.name == "operationID" {
			return strings.TrimSpace(k.text)
		}
	}
	return ""
}

const envelopeHead = `<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/"
 xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:xsd="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<soapenv:Body>
`
const envelopeTail = "\n</soapenv:Body>\n</soapenv:Envelope>"

// typePrefix undoes the prefix that govmomi's encoder binds for itself, and
// the types that hosts leave off because they are the declared ones.  Text
// cannot match: there a quote is escaped.
var typePrefix = strings.NewReplacer(` xmlns:XMLSchema-instance="`+nsXSI+`"`, "",
	`<deviceInfo XMLSchema-instance:type="Description">`, "<deviceInfo>",
	`<deviceInfo xmlns:XMLSchema-instance="`+nsXSI+`" XMLSchema-instance:type="Description">`, "<deviceInfo>",
	`<extraConfig XMLSchema-instance:type="OptionValue">`, "<extraConfig>",
	`<extraConfig xmlns:XMLSchema-instance="`+nsXSI+`" XMLSchema-instance:type="OptionValue">`, "<extraConfig>",
	`<deviceChange XMLSchema-instance:type="VirtualDeviceConfigSpec">`, "<deviceChange>",
	`<deviceChange xmlns:XMLSchema-instance="`+nsXSI+`" XMLSchema-instance:type="VirtualDeviceConfigSpec">`, "<deviceChange>",
	` XMLSchema-instance:type="`, ` xsi:type="`)

// encode writes v as element name in the vim25 namespace.
func encode(v interface{}, name string, attrs ...stdxml.Attr) (string, error) {
	var b bytes.Buffer
	e := xml.NewEncoder(&b)
	start := xml.StartElement{Name: xml.Name{Local: name}}
	start.Attr = append(start.Attr, xml.Attr{Name: xml.Name{Local: "xmlns"}, Value: nsVim})
	for _, a := range attrs {
		start.Attr = append(start.Attr, xml.Attr{Name: xml.Name{Local: a.Name.Local}, Value: a.Value})
	}
	if err := e.EncodeElement(v, start); err != nil {
		return "", err
	}
	if err := e.Flush(); err != nil {
		return "", err
	}
	return typePrefix.Replace(b.String()), nil
}

func (rep reply) envelope() (string, error) {
	if rep.plain != "" {
		return envelopeHead + rep.plain + envelopeTail, nil
	}
	if rep.fault == nil {
		s, err := encode(rep.res, reflect.TypeOf(rep.res).Elem().Name())
		return envelopeHead + s + envelopeTail, err
	}
	kind := rep.fault.kind()
	detail, err := encode(rep.fault.fault, kind+"Fault", stdxml.Attr{Name: stdxml.Name{Local: "xsi:type"}, Value: kind})
	var msg bytes.Buffer
	_ = stdxml.EscapeText(&msg, []byte(rep.fault.msg))
	return envelopeHead + "<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>" + msg.String() +
		"</faultstring><detail>" + detail + "</detail></soapenv:Fault>" + envelopeTail, err
}

// send writes the reply in chunks, compressed if the client can take it.
func (h *Host) send(w http.ResponseWriter, r *http.Request, c *call, rep reply) {
	body, err := rep.text, rep.err
	if body == "" && err == nil {
		body, err = rep.envelope()
	}
	if err != nil {
		h.log.add("broken", fields{"method": c.method, "reason": err.Error()})
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	if h.garbled(c) {
		body = body[:len(body)/2] + "<<garbage>"
	}
	for _, t := range c.tokens {
		w.Header().Add("Set-Cookie", t)
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	var out io.Writer = w
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		defer z.Close()
		out = z
	}
	if rep.fault != nil {
		w.WriteHeader(http.StatusInternalServerError)
	} else {
		w.WriteHeader(http.StatusOK)
	}
	if f, ok := w.(http.Flusher); ok {
		f.Flush() // no Content-Length: the reply is chunked
	}
	_, _ = io.WriteString(out, body)
}
