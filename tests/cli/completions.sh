#!/bin/bash
# Somebody presses TAB: each shell offers just the options that the tool says
# it has, the words of a choice, and files where a file is wanted.
. "$T/cli/lib.sh" || exit 1
completions=$T/../completions
export PATH=$B:$PATH HOME=$PWD
# What runs in a substitution of zsh waits now and then for ever for the leak
# sanitizer's look at it; other tests have --help and --options looked at.
export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
mkdir -p folder/inner && touch file

# offered_SHELL LINE: what is offered at the end of the line.
offered_bash()
{
	# shellcheck disable=SC2016 # for the inner shell
	bash --norc -c '. "$1" || exit 1
		shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_esxbk "$1" && printf "%s\n" "${COMPREPLY[@]}"' \
		bash "$completions/esxbk.bash" "$@"
}

offered_fish()
{
	local line=$*
	fish --no-config -c "source '$completions/esxbk.fish'
		complete -C '${line}'" | cut -f 1
}

# The options as _arguments gets them, for only a terminal has the rest.
offered_zsh()
{
	# shellcheck disable=SC2016 # for the inner shell
	zsh -f -c '_arguments() { print -rl -- "$@"; }
		words=($2) && . "$1"' zsh "$completions/esxbk.zsh" "$1" |
		sed -n 's/^\*\(--[a-z0-9-]*=\{0,1\}\)\[.*/\1/p'
}

# "--name=" if it takes a value, as all shells show it.
told()
{
	"$1" --options | awk -F '\t' '{ print $2 ($3 == "" ? "" : "=") }' | sort
}

shells=(bash)
for shell in fish zsh; do
	! command -v $shell >/dev/null || shells+=("$shell")
done

for path in "$B"/esxbk-*; do
	tool=${path##*/}
	for shell in "${shells[@]}"; do
		same "$("offered_$shell" "$tool" -- | sort)" "$(told "$tool")" \
			"$shell: options of $tool"
	done
done

for shell in "${shells[@]}"; do
	[ "$shell" != zsh ] || continue
	same "$("offered_$shell" esxbk-list --format= | sed 's/.*=//' |
		sort | xargs)" 'json moid table tsv' "$shell: a choice"
	same "$("offered_$shell" esxbk-export-ovf --snapshot n)" never \
		"$shell: a choice beside a name"
	same "$("offered_$shell" esxbk-export-ovf --output=fol | tr -d /)" \
		--output=folder "$shell: a folder behind ="
	same "$("offered_$shell" esxbk-export-ovf -qo f | tr -d /)" folder \
		"$shell: only folders, behind letters"
	same "$("offered_$shell" esxbk-list --cacert fil)" file "$shell: a file"
	same "$("offered_$shell" esxbk-verify 'fi')" file "$shell: a file to check"
	same "$("offered_$shell" esxbk-deploy-ovf 'fi')" file \
		"$shell: a file to restore"
	same "$("offered_$shell" esxbk-deploy-ovf --disk-mode=th |
		sed 's/.*=//' | sort | xargs)" 'thick thin' \
		"$shell: another choice"
	same "$("offered_$shell" esxbk-export-vmdk --quiesce= |
		sed 's/.*=//' | sort | xargs)" 'off require try' \
		"$shell: a choice of another tool"
	same "$("offered_$shell" esxbk-list 'fi')" '' "$shell: no VM is a file"
	same "$("offered_$shell" esxbk-export-vmdk 'fi')" '' \
		"$shell: no file of this machine is a disk of a datastore"
	same "$("offered_$shell" esxbk-list -- -)" '' "$shell: nothing after --"
done
# Commands, and what the configuration calls its plans and sites.
"$B/esxbk-plan" set --config c.json -q /repositories/nas path=/b >/dev/null
"$B/esxbk-plan" set --config c.json -q /sites/esx1 server=h user=u \
	password.credential=c >/dev/null
for plan in nightly nightmare; do
	"$B/esxbk-plan" add --config c.json -q $plan --site esx1 --select v \
		--repository nas >/dev/null
done
"$B/esxbk-plan" set --config c.json -q /notify/ops type=exec \
	'argv=["/bin/true"]' >/dev/null
export ESXBK_CONFIG=$PWD/c.json
for shell in "${shells[@]}"; do
	[ "$shell" != zsh ] || continue
	same "$("offered_$shell" esxbk-plan va)" validate "$shell: a command"
	same "$("offered_$shell" esxbk-plan '' | sort | xargs)" \
		"$("$B/esxbk-plan" --help | sed -n 's/^  \([a-z-]*\)  .*/\1/p' |
			sort | xargs)" "$shell: all commands"
	same "$("offered_$shell" esxbk-plan show --eff)" --effective \
		"$shell: an option of a command"
	same "$("offered_$shell" esxbk-plan validate --eff)" '' \
		"$shell: no option of another"
	same "$("offered_$shell" esxbk-plan show night | sort | xargs)" \
		'nightly nightmare' "$shell: plans"
	same "$("offered_$shell" esxbk-plan notify '')" ops \
		"$shell: no plan is a notification"
	same "$("offered_$shell" esxbk-plan add --site=e)" --site=esx1 \
		"$shell: a site"
	same "$("offered_$shell" esxbk-plan add --repository n)" nas \
		"$shell: a repository"
	same "$("offered_$shell" esxbk-list --site es)" esx1 \
		"$shell: a site of another tool"
	same "$(ESXBK_CONFIG='' "offered_$shell" esxbk-plan show \
		--config c.json nightl)" nightly "$shell: another configuration"
done
if command -v zsh >/dev/null; then
	same "$(zsh -f -c 'compadd() { print -rl -- "${(@P)2}"; }
		words=(esxbk-plan "") CURRENT=2 && . "$1"' zsh \
		"$completions/esxbk.zsh" 2>/dev/null | sort | xargs)" \
		"$("$B/esxbk-plan" --help | sed -n 's/^  \([a-z-]*\)  .*/\1/p' |
			sort | xargs)" 'zsh: all commands'
	same "$(zsh -f -c 'compadd() { print -rl -- "${(@P)2}"; }
		_arguments() { local s; for s; do
			[[ $s != "*:plan: "* ]] || ${=s#\*:plan: }; done; }
		words=(esxbk-plan show "") CURRENT=3 && . "$1"' zsh \
		"$completions/esxbk.zsh" | xargs)" 'nightly nightmare' 'zsh: plans'
fi
# As readline has it, for which "=" ends a word.
same "$(offered_bash esxbk-list --format = t | xargs)" 'table tsv' \
	"bash: = as a word"
