#!/bin/bash
# The playbook of esxbk-ansible(7), as it stands there: only told, then done,
# then done already, and what becomes of a failure.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/point.sh" || exit 1
. "$T/cli/lib/fault.sh" || exit 1
need ansible-playbook mandoc col
PAGE=$T/../man/esxbk-ansible.7

# What a reader copies from the page.
mandoc -T ascii "$PAGE" | col -bx | awk '/^EXAMPLES/ { exit }
	/^ +---$/ { inside = 1 } inside' | sed 's/^     //' >backup.yml
check "a whole playbook" grep -qx '  tasks:' backup.yml

# Ansible asks for nobody's set-up, home or network.
export HOME=$PWD/home ANSIBLE_CONFIG=$PWD/ansible.cfg ANSIBLE_NOCOLOR=1 \
	ANSIBLE_LOCALHOST_WARNING=0 ANSIBLE_INVENTORY_UNPARSED_WARNING=0 \
	ANSIBLE_LOCAL_TEMP=$PWD/home/local ANSIBLE_REMOTE_TEMP=$PWD/home/remote \
	ANSIBLE_CALLBACK_PLUGINS=$PWD/plugins ANSIBLE_STDOUT_CALLBACK=lines \
	LC_ALL=C.UTF-8 PATH=$B:$PATH
mkdir home plugins
: >ansible.cfg
# Each result, those of a loop's items too, as one line of JSON; then the sum.
cat >plugins/lines.py <<-'P'
	import json
	from ansible.plugins.callback import CallbackBase

	KEYS = ("item", "rc", "changed", "msg", "stdout", "attempts")

	class CallbackModule(CallbackBase):
	    CALLBACK_VERSION, CALLBACK_TYPE = 2.0, "stdout"
	    CALLBACK_NAME = "lines"

	    def tell(self, how, result):
	        r = result._result
	        if "results" not in r:
	            print(json.dumps(dict({k: r[k] for k in KEYS if k in r},
	                task=result._task.get_name(), how=how)))

	    def ok(self, result):
	        self.tell("ok", result)

	    def bad(self, result, ignore_errors=False):
	        self.tell("failed", result)

	    v2_runner_on_ok = v2_runner_item_on_ok = ok
	    v2_runner_on_failed = v2_runner_item_on_failed = bad

	    def v2_playbook_on_stats(self, stats):
	        print(json.dumps({"sum": stats.summarize("localhost")}))
P

# play STATUS ARG...: the playbook with what is the reader's own.
play()
{
	local want=$1 rc=0
	shift
	ansible-playbook -i localhost, -c local \
		-e ansible_python_interpreter=/usr/bin/python3 \
		-e @mine.yml "$@" backup.yml >out 2>err || rc=$?
	judge "$rc" "$want" ansible-playbook "$@"
}

sum()
{
	jq -c '.sum // empty | [.ok, .changed, .failures, .rescued, .skipped]' \
		out
}

# results TASK EXPR: of each item of a task whose name begins so.
results()
{
	jq -c -n --arg t "$1" '[inputs | select((.task // "") |
		startswith($t)) | '"$2"']' out
}

quick_host esxi
cat >mine.yml <<-Y
	esx_server: localhost:$HOST_PORT
	esx_thumbprint: $HOST_PIN
	esx_password_file: $HOST_PASSWORD_FILE
	repository: "$PWD/back ups"
	vms: [iso01, uefi01]
	pause: 0
Y
mkdir 'back ups'

# --- only told --------------------------------------------------------------

play 0 --check
same "$(results 'Back up' .changed)" '[true,true]' "both would be"
same "$(sum)" '[2,1,0,0,3]' "nothing to check yet"
same "$(left 'back ups')" '' "nothing was made"
same "$(event_count '.event == "lease"')" 0 "nor was anything on the host"

# --- done -------------------------------------------------------------------

play 0 -e restore=iso01
same "$(results 'Back up' .changed)" '[true,true]'
same "$(results 'Check' '[.rc, .changed]')" '[[0,false],[0,false]]'
same "$(results 'Restore' .changed)" '[true]'
same "$(sum)" '[4,2,0,0,1]'
same "$(left 'back ups' | sed 's/_.*//; /^\./d')" 'iso01
uefi01'
for point in 'back ups'/*; do
	check "$point is whole" "$B/esxbk-verify" -q "$point"
done
same "$(ctl state | jq -c '[.vms[] | select(.name == "iso01-copy") |
	[.nics[].connected]]')" '[[false]]' "the copy, unplugged"

# --- done already -----------------------------------------------------------

BEFORE=$(find 'back ups' -printf '%p %T@\n' | LC_ALL=C sort)
play 0 -e restore=iso01
same "$(sum)" '[4,0,0,0,1]' "nothing changed"
same "$(results 'Check' .rc)" '[0,0]' "they are checked again"
same "$(find 'back ups' -printf '%p %T@\n' | LC_ALL=C sort)" "$BEFORE"
play 0 --check -e restore=iso01
same "$(sum)" '[4,0,0,0,1]' "and nothing would"

# --- failures ---------------------------------------------------------------

play 2 -e '{"vms": ["iso01", "gone", "indep01"]}'
same "$(results 'Back up' '[.item, .rc, .how]')" \
	'[["iso01",0,"ok"],["gone",66,"failed"],["indep01",3,"ok"]]' \
	"one fails, the others are backed up"
same "$(results 'Tell what no' .msg)" \
	'["indep01: an independent disk is not part of a snapshot"]'
same "$(results 'Tell what failed' .msg)" \
	'["gone: exit 66: gone: no such VM"]'
same "$(results 'Be a failure' .how)" '["failed"]'

# A point that is damaged does not pass.
point=$(echo 'back ups'/iso01_*)
chmod -R u+w "$point"
printf 'x' >>"$point"/iso01-disk1.vmdk
play 2
same "$(results 'Check' '[.rc, .how]')" '[[1,"failed"],[0,"ok"]]'
has out 'iso01-disk1.vmdk'

# What may pass is tried again, and only that.
mkdir 'other backups'
uefi=$(uuid "$(jq -r '.[] | select(.name == "uefi01").moid' \
	"$HOST_SPEC/spec.json")")
exec 8>"other backups/.w-${uefi:0:8}"
flock -x 8
play 2 -e "repository='$PWD/other backups'" -e '{"vms": ["gone", "uefi01"]}'
same "$(results 'Back up' '[.item, .rc, .attempts]')" \
	'[["gone",66,1],["uefi01",75,3]]'
exec 8>&-
host_stop
play 2 -e '{"vms": ["iso01"]}'
same "$(results 'List' .rc)" '[69]'
