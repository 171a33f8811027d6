package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

const cookieName = "vmware_soap_session"

// session is a login.  Its views, collectors and filters die with it.
type session struct {
	n       int
	user    types.UserSession
	cookie  string
	expired bool
	objects map[types.ManagedObjectReference]mo.Reference
	pages   map[string]*page
	filters map[types.ManagedObjectReference]*filter
}

// rawCookie takes the value as it was sent: its quotes belong to it, and
// net/http's parser would strip them.
func rawCookie(headers []string) string {
	for _, h := range headers {
		for _, part := range strings.Split(h, ";") {
			part = strings.TrimSpace(part)
			if strings.HasPrefix(part, cookieName+"=") {
				return part[len(cookieName)+1:]
			}
		}
	}
	return ""
}

// sessionOf finds the session of a cookie, also an expired one.
func (h *Host) sessionOf(cookie string) *session {
	for hex, s := range h.sessions {
		ok := cookie == `"`+hex+`"`
		if h.cfg.lenientCookie && cookie == hex {
			ok = true
		}
		if !ok {
			continue
		}
		if !s.expired && time.Since(s.user.LastActiveTime) > h.cfg.sessionIdle {
			h.expire(s, "idle")
		}
		return s
	}
	return nil
}

// findSession sets the call's session from its cookie; an expired one stays
// known, to tell the log why the call failed.
func (h *Host) findSession(c *call) (expired *session) {
	c.cookie = rawCookie(c.header["Cookie"])
	s := h.sessionOf(c.cookie)
	if s == nil || s.expired {
		return s
	}
	s.user.LastActiveTime = now()
	s.user.CallCount++
	c.ses = s
	return nil
}

func (h *Host) expire(s *session, why string) {
	s.expired = true
	s.objects = nil
	h.log.add("session-expired", fields{"session": s.n, "reason": why})
}

// setCookie is the header exactly as hosts send it; also a failed login gets one.
func setCookie(hex string) string {
	return fmt.Sprintf(`%s="%s"; Path=/; HttpOnly; Secure;`, cookieName, hex)
}

func (h *Host) login(c *call) (interface{}, error) {
	req := c.body.(*types.Login)
	hex := randomHex(20)
	c.tokens = append(c.tokens, setCookie(hex))
	if c.ses != nil {
		return nil, &vimFault{"The operation is not allowed in the current state.", &types.InvalidState{}}
	}
	if req.UserName != h.cfg.user || req.Password != h.cfg.password {
		h.log.add("login", fields{"user": req.UserName, "result": "InvalidLogin"})
		return nil, &vimFault{"Cannot complete login due to an incorrect user name or password.", &types.InvalidLogin{}}
	}
	h.nsession++
	t := now()
	s := &session{
		n: h.nsession,
		user: types.UserSession{
			Key: randomUUID(), UserName: req.UserName, FullName: req.UserName,
			LoginTime: t, LastActiveTime: t, Locale: "en", MessageLocale: "en",
			ExtensionSession: types.NewBool(false), IpAddress: c.peer, UserAgent: c.agent,
		},
		cookie:  hex,
		objects: make(map[types.ManagedObjectReference]mo.Reference),
		pages:   make(map[string]*page),
		filters: make(map[types.ManagedObjectReference]*filter),
	}
	h.sessions[hex] = s
	c.ses = s
	h.log.add("login", fields{"user": req.UserName, "result": "ok", "session": s.n, "agent": c.agent})
	return &types.LoginResponse{Returnval: s.user}, nil
}

func (h *Host) logout(c *call) (interface{}, error) {
	delete(h.sessions, c.ses.cookie)
	c.ses.expired = true
	h.log.add("logout", fields{"session": c.ses.n})
	return &types.LogoutResponse{}, nil
}

func (h *Host) sessionIsActive(c *call) (interface{}, error) {
	if !h.vc {
		return nil, &vimFault{"The method is not implemented.", &types.NotImplemented{}}
	}
	req := c.body.(*types.SessionIsActive)
	active := false
	for _, s := range h.sessions {
		if s.user.Key == req.SessionID && s.user.UserName == req.UserName && !s.expired {
			active = true
		}
	}
	return &types.SessionIsActiveResponse{Returnval: active}, nil
}

// sessionManager is what this session sees of the manager.
func (h *Host) sessionManager(c *call) *mo.SessionManager {
	m := &mo.SessionManager{
		Self:                *h.content.SessionManager,
		MessageLocaleList:   []string{"en"},
		SupportedLocaleList: []string{"en"},
		DefaultLocale:       "en",
	}
	if c.ses != nil {
		u := c.ses.user
		m.CurrentSession = &u
	}
	for _, s := range h.sessions {
		if !s.expired {
			m.SessionList = append(m.SessionList, s.user)
		}
	}
	return m
}

// expireAll ends every session as if it had been idle; gives their number.
func (h *Host) expireAll(why string) int {
	n := 0
	for _, s := range h.sessions {
		if !s.expired {
			h.expire(s, why)
			n++
		}
	}
	return n
}
