#compdef esxbk-list esxbk-export-ovf esxbk-export-vmdk esxbk-deploy-ovf esxbk-verify esxbk-plan
#
# Every tool says itself which options it has (CMD --options): what is offered
# here cannot differ from what the tool takes.

# __esxbk_action ARGUMENT: how the argument of an option is completed.
__esxbk_action()
{
	local -a choices
	case $1 in
	(DIR) REPLY='_files -/' ;;
	(FILE) REPLY=_files ;;
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
	local command=${~words[1]}
	for line in "${(@f)$($command --options 2>/dev/null)}"; do
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
	case ${command:t} in
	(esxbk-deploy-ovf|esxbk-verify) specs+=('*:backup:_files') ;;
	(*) specs+=('*:VM: ') ;;
	esac
	_arguments -s -S : $specs
}

_esxbk "$@"
