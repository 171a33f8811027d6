#compdef esxbk-list esxbk-export-ovf esxbk-export-vmdk esxbk-deploy-ovf esxbk-verify esxbk-plan
#
# Every tool says itself which options it has (CMD --options): what is offered
# here cannot differ from what the tool takes.

# __esxbk_configured plans|sites|repositories|notify: names that the
# configuration has, as esxbk-plan beside the command tells.
__esxbk_configured()
{
	local -a config names
	local i
	for (( i = 2; i < CURRENT; i++ )); do
		case $words[i] in
		(--config=*) config=($words[i]) ;;
		(--config) config=(--config=$words[i+1]) ;;
		esac
	done
	names=(${(f)"$(${~esxbk_command%esxbk-*}esxbk-plan list \
		--format=$1 $config 2>/dev/null)"})
	compadd -a names
}

# __esxbk_action ARGUMENT: how the argument of an option is completed.
__esxbk_action()
{
	local -a choices
	case $1 in
	(DIR) REPLY='_files -/' ;;
	(FILE) REPLY=_files ;;
	(PLAN) REPLY=' __esxbk_configured plans' ;;
	(SITE) REPLY=' __esxbk_configured sites' ;;
	(REPOSITORY) REPLY=' __esxbk_configured repositories' ;;
	(HOST*) REPLY=_hosts ;;
	(*\|*)
		# A choice in capitals stands for something else.
		choices=(${${(s:|:)1}:#[A-Z]*})
		REPLY="(${(j: :)choices})"
		(( $#choices )) || REPLY=' '
		;;
	(*) REPLY=' ' ;;
	esac
}

_esxbk()
{
	local line letter name argument help REPLY
	local -a specs fields
	# The command as it was typed, for it need not be in PATH.
	local command=${~words[1]} esxbk_command=${words[1]}
	local -a sub names
	if [[ ${command:t} == esxbk-plan && ${words[2]} != -* ]]; then
		if (( CURRENT == 2 )); then
			names=(${(f)"$($command --help |
				sed -n 's/^  \([a-z-]*\)  .*/\1/p')"})
			compadd -a names
			return
		fi
		# The command's own words begin behind it.
		if (( CURRENT > 2 )); then
			sub=($words[2])
			words[2]=()
			(( CURRENT-- ))
		fi
	fi
	for line in "${(@f)$($command $sub --options 2>/dev/null)}"; do
		fields=("${(@s:	:)line}")
		(( $#fields >= 4 )) || continue
		letter=$fields[1] name=$fields[2] argument=$fields[3]
		help=${${${fields[4]//\\/\\\\}//\[/\\[}//\]/\\]}
		if [[ -n $argument ]]; then
			__esxbk_action $argument
			argument=":${argument//:/\\:}:$REPLY"
			specs+=("*${name}=[$help]${argument}")
			[[ -z $letter ]] || specs+=("*${letter}+[$help]${argument}")
		else
			specs+=("*${name}[$help]")
			[[ -z $letter ]] || specs+=("*${letter}[$help]")
		fi
	done
	(( $#specs )) || return 1
	case "${command:t} $sub" in
	(esxbk-deploy-ovf*|esxbk-verify*|'esxbk-plan '(un|)pin) specs+=('*:backup:_files') ;;
	('esxbk-plan '(validate|list|add|)) specs+=('*:: : ') ;;
	('esxbk-plan notify') specs+=('*:notification: __esxbk_configured notify') ;;
	('esxbk-plan '*) specs+=('*:plan: __esxbk_configured plans') ;;
	(*) specs+=('*:VM: ') ;;
	esac
	_arguments -s -S : $specs
}

_esxbk "$@"
