#!/bin/bash
# Hooks: before and after, also after a failure; one that fails skips its VM.
. "$T/cli/lib.sh" || exit 1
# shellcheck source=/dev/null
. "$T/cli/lib/plan.sh" || exit 1

plan_begin
vms "web 12 $(uuid_of 1)" "db 13 $(uuid_of 2)"
cat >"$SCRATCH/hook" <<'EOF'
#!/bin/bash
# Notes its name, its VM, what it was told; fails where it is asked to.
in=$(cat)
echo "$ESXBK_HOOK ${ESXBK_VM:--} ${ESXBK_OUTCOME:--} $ESXBK_EXIT" \
	>>"$STUB/hooks"
echo "$in" >>"$STUB/in.$ESXBK_HOOK"
env | grep ^ESXBK_ | sort >"$STUB/env.$ESXBK_HOOK"
[ ! -e "$STUB/fail.$ESXBK_HOOK.$ESXBK_VM" ] || {
	echo "no freeze today" >&2
	exit "$(cat "$STUB/fail.$ESXBK_HOOK.$ESXBK_VM")"
}
[ ! -e "$STUB/slow.$ESXBK_HOOK" ] || sleep 60
EOF
chmod +x "$SCRATCH/hook"
export HOOK=$SCRATCH/hook
conf '.plans.daily.hooks = ({ timeout: "2s" } + ([ "before_run", "before_vm",
	"after_vm", "after_run", "on_failure" ] | map({ (.): [[env.HOOK]] }) |
	add)) | .sites.esx1.limits = { vms: 1 }'

hooks()
{
	cat "$STUB/hooks"
	: >"$STUB/hooks"
}

plan 0 run daily
same "$(hooks)" "before_run - - 0
before_vm db ok 0
after_vm db ok 0
before_vm web ok 0
after_vm web ok 0
after_run - - 0"
same "$(sed 's/=.*//' "$STUB/env.after_vm" | paste -sd' ')" "ESXBK_EXEC_PATH \
ESXBK_EXIT ESXBK_HOOK ESXBK_NOW ESXBK_OUTCOME ESXBK_PLAN ESXBK_POINT \
ESXBK_REPOSITORY ESXBK_RUN ESXBK_SERVER ESXBK_SITE ESXBK_VM ESXBK_VM_MOID \
ESXBK_VM_UUID"
has "$STUB/env.after_vm" "ESXBK_POINT=$REPO/web/web_20261124_020030"
same "$(jq -r '"\(.vm.name) \(.outcome) \(.point)"' "$STUB/in.after_vm")" \
	"db ok db_20261124_020030
web ok web_20261124_020030"
same "$(record 'select(.vm.name == "db") | "\(.steps.before_vm) \(
	.steps.after_vm)"')" "ok ok"

# After a failure what was frozen is thawed all the same.
stub ovf.13 exit 74 disk full
plan 3 run daily
same "$(hooks)" "before_run - - 0
before_vm db ok 0
after_vm db failed 74
before_vm web ok 0
after_vm web ok 0
after_run - - 3
on_failure - - 3"
stub ovf.13

# before_vm fails: no export of that VM, but after_vm; loudly.
echo 1 >"$STUB/fail.before_vm.db"
no_calls
plan 3 run daily
same "$(exports)" 12
same "$(vm_lines)" "db skipped 71
web ok 0"
has err "db: hook before_vm: $HOOK exited with 1: no freeze today"
same "$(hooks | grep db)" "before_vm db ok 0
after_vm db skipped 71"
echo 75 >"$STUB/fail.before_vm.db"
plan 3 run daily
same "$(vm_lines | head -n 1)" "db skipped 75" "75 is worth another try"
rm "$STUB/fail.before_vm.db"

# after_vm fails: the backup counts, the failure too.
echo 1 >"$STUB/fail.after_vm.db"
plan 3 run daily
same "$(vm_lines)" "db warn 71
web ok 0"
rm "$STUB/fail.after_vm.db"
: >"$STUB/hooks"

# before_run fails: no VM is touched.
echo 1 >"$STUB/fail.before_run."
no_calls
plan 71 run daily
same "$(calls)$(vm_lines)" ''
same "$(hooks)" "before_run - - 0
after_run - - 71
on_failure - - 71"
rm "$STUB/fail.before_run."

# after_run fails: the others of its kind still come, and on_failure.
conf '.plans.daily.hooks = { after_run: [["/bin/false"], [env.HOOK]],
	on_failure: [["/bin/false"], [env.HOOK]] }'
plan 71 run daily
same "$(hooks)" "after_run - - 0
on_failure - - 71"
has err "hook after_run: /bin/false exited with 1"
same "$(record 'select(.type == "end") | .warnings[].text')" \
	"hook on_failure: /bin/false exited with 1"

# A repository that is not there: it is told to those who undo, too.
mv "$REPO" "$SCRATCH/away"
plan 73 run daily
same "$(hooks)" "after_run - - 73
on_failure - - 73"
mv "$SCRATCH/away" "$REPO"
conf '.plans.daily.hooks = ({ timeout: "2s" } + ([ "before_run", "before_vm",
	"after_vm", "after_run", "on_failure" ] | map({ (.): [[env.HOOK]] }) |
	add)) | .sites.esx1.limits = { vms: 1 }'

# One that hangs is stopped, with all that it started.
: >"$STUB/slow.before_vm"
plan 71 run daily
same "$(vm_lines)" "db skipped 71
web skipped 71"
has err "hook before_vm: $HOOK: stopped after 2 s"
same "$(pgrep -f "$HOOK" | wc -l)" 0 "no hook is left"
rm "$STUB/slow.before_vm"

# One that does not exist.
conf '.plans.daily.hooks = { before_vm: [["/nowhere/hook"]] }'
plan 71 run daily
has err "hook before_vm: run /nowhere/hook: No such file or directory"
