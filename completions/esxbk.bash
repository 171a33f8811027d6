# bash completion for the tools of esxbk -*- shell-script -*-
#
# Every tool says itself which options it has (CMD --options): what is offered
# here cannot differ from what the tool takes.  Works without the
# bash-completion package.

# __esxbk_argument OPTION: sets argument to what the option takes ("DIR",
# "on|off"); false if it takes nothing.
__esxbk_argument()
{
	local letter name
	while IFS=$'\x1f' read -r letter name argument _; do
		[[ $1 != "$name" && $1 != "$letter" ]] || break
		argument=''
	done <<<"$options"
	[[ -n $argument ]]
}

# Long options; one that takes a value ends in "=".
__esxbk_names()
{
	local letter name argument
	while IFS=$'\x1f' read -r letter name argument _; do
		printf '%s\n' "$name${argument:+=}"
	done <<<"$options"
}

# __esxbk_configured plans|sites|repositories|notify WORD: names that the
# configuration has, as esxbk-plan beside the command tells.
__esxbk_configured()
{
	local config=() i
	for ((i = 1; i + 1 < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--config=*) config=("${COMP_WORDS[i]}") ;;
		--config)
			config=("--config=${COMP_WORDS[i + 1]}")
			[[ ${COMP_WORDS[i + 1]} != "=" ]] ||
				config=("--config=${COMP_WORDS[i + 2]}")
			;;
		esac
	done
	mapfile -t COMPREPLY < <(compgen -W "$("${command%esxbk-*}esxbk-plan" \
		list --format="$1" "${config[@]}" 2>/dev/null)" -- "$2")
}

# __esxbk_values ARGUMENT WORD PREFIX
__esxbk_values()
{
	local choice
	case $1 in
	DIR | FILE)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen \
			"$([[ $1 == DIR ]] && echo -d || echo -f)" -- "$2")
		;;
	PLAN) __esxbk_configured plans "$2" ;;
	SITE) __esxbk_configured sites "$2" ;;
	REPOSITORY) __esxbk_configured repositories "$2" ;;
	HOST*) mapfile -t COMPREPLY < <(compgen -A hostname -- "$2") ;;
	*'|'*)
		# A choice in capitals stands for something else.
		for choice in ${1//|/ }; do
			[[ $choice != "$2"* || $choice == [A-Z]* ]] ||
				COMPREPLY+=("$choice")
		done
		;;
	esac
	[[ -z $3 ]] || COMPREPLY=("${COMPREPLY[@]/#/$3}")
}

# Operands: a point or package, a command or what it takes.
__esxbk_operands()
{
	case $1 in
	esxbk-deploy-ovf | esxbk-verify | 'esxbk-plan pin' | \
		'esxbk-plan unpin')
		__esxbk_values FILE "$2" ''
		;;
	'esxbk-plan ' | 'esxbk-plan validate' | 'esxbk-plan list' | \
		'esxbk-plan add') ;;
	'esxbk-plan notify') __esxbk_configured notify "$2" ;;
	'esxbk-plan '*) __esxbk_configured plans "$2" ;;
	esac
}

_esxbk()
{
	local command=${1/#~\//$HOME/} word=${COMP_WORDS[COMP_CWORD]}
	local before='' prefix='' argument='' tool=${1##*/} options sub=() i
	COMPREPLY=()
	if [[ $tool == esxbk-plan && ${COMP_WORDS[1]} != -* ]]; then
		if [[ $COMP_CWORD -eq 1 ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$("$command" \
				--help | sed -n 's/^  \([a-z-]*\)  .*/\1/p')" \
				-- "$word")
			return 0
		fi
		sub=("${COMP_WORDS[1]}")
		tool+=" ${COMP_WORDS[1]}"
	fi
	options=$("$command" "${sub[@]}" --options 2>/dev/null) || return 0
	# An empty field between tabs would be lost to "read".
	options=${options//$'\t'/$'\x1f'}

	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} != -- ]] || return 0
	done
	# "--name=value" is three words where "=" breaks them, else one.
	before=${COMP_WORDS[COMP_CWORD - 1]}
	if [[ $word == "=" ]]; then
		word=''
	elif [[ $before == "=" ]]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	elif [[ $word == --*=* ]]; then
		before=${word%%=*} prefix=$before= word=${word#*=}
	elif [[ $before == -[!-]?* ]]; then
		before=-${before: -1}
	fi
	if [[ $before == -* ]] && __esxbk_argument "$before"; then
		__esxbk_values "$argument" "$word" "$prefix"
	elif [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(__esxbk_names)" \
			-- "$word")
		[[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] ||
			compopt -o nospace 2>/dev/null
	else
		__esxbk_operands "$tool" "$word"
	fi
	return 0
}

complete -F _esxbk esxbk-list esxbk-export-ovf esxbk-export-vmdk \
	esxbk-deploy-ovf esxbk-verify esxbk-plan
