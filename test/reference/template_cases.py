"""Small templates, by kind, for make_template_goldens.py. Every one is ours."""

# What the small templates know beside messages and tokens.
VARIABLES = {
    "s": "Hello World",
    "spaced": " \t\n a b\u3000\x1c",
    "crlf": "one\r\ntwo\rthree\n\nfour",
    "astral": "a\U0001f600b\U0001f468\u200d\U0001f469c",
    "mixed": "stra\u00dfe \u0130I\u0131 \u03a3\u03a3 \ufb01x \ufeffz",
    "empty": "",
    "digits": "0042",
    "html": "<a href='x'>\"&\"</a>",
    "n": 7,
    "m": -7,
    "zero": 0,
    "f": 2.5,
    "g": -0.75,
    "t": True,
    "b": False,
    "none": None,
    "names": ["beta", "Alpha", "gamma", "alpha"],
    "numbers": [3, 1, 2, 1],
    "nested": [[1, 2], [3, [4, "x"]], []],
    "objects": [
        {"name": "b", "age": 3, "tags": ["x"]},
        {"name": "A", "age": 1, "tags": []},
        {"name": "a", "age": 3},
    ],
    "d": {"b": 1, "a": [1, {"k": None}], "C": "\u00e9\U0001f600<>&'\"\n\x7f\x1f/", "items": "own"},
    "void": {},
}

VALUES = [
    "s", "spaced", "astral", "empty", "digits", "n", "m", "zero", "f", "g", "t", "b", "none", "names", "numbers",
    "nested", "d", "void", "missing", "(1, 2)", "()", "range(3)",
]  # fmt: skip
TEXTS = ["s", "spaced", "crlf", "astral", "mixed", "empty", "digits", "html"]


def _texts() -> list[str]:
    calls = [
        "strip()", "lstrip()", "rstrip()", "strip('Hd ')", "lstrip('\\n')", "rstrip('c\U0001f469')", "strip(none)",
        "strip('')", "upper()", "lower()", "capitalize()", "title()", "swapcase()", "islower()", "isupper()",
        "istitle()", "isspace()", "isalpha()", "isalnum()", "isdigit()", "isdecimal()", "isascii()", "isprintable()",
        "split()", "split(none, 1)", "split('o')", "split('o', 1)", "split(maxsplit=1)", "split(sep='l', maxsplit=2)",
        "rsplit()", "rsplit(none, 1)", "rsplit('l', 1)", "split('')", "splitlines()", "splitlines(true)",
        "splitlines(keepends=True)", "replace('o', '0')", "replace('', '-')", "replace('', '-', 2)",
        "replace('l', 'L', 1)", "replace('l', 'L', 0)", "replace('l', 'L', count=1)", "find('o')", "find('zz')", "find('b')",
        "find('c')", "find('', 3)", "find('o', 5)", "find('o', -4, -1)", "rfind('o')", "rfind('c')", "index('a')",
        "count('l')", "count('')", "count('l', 3)", "startswith('H')", "startswith(('x', 'a'))", "startswith('W', 6)",
        "endswith('d')", "endswith(('c', ''))", "endswith('o', 0, 5)", "startswith(['a'])", "partition('o')",
        "rpartition('o')", "partition('')", "removeprefix('He')", "removesuffix('ld')", "removesuffix('')", "center(15)",
        "center(16, '*')", "ljust(14, '.') ~ '|'", "rjust(14)", "center(3)", "center(15, 'ab')", "zfill(14)",
        "join(['1', '2'])", "join([1])", "join('xyz')", "join(names)", "join(d)", "nothing()", "nothing", "upper(1)",
        "strip(1)", "strip(missing)", "format(1)", "__len__()", "append('x')",
    ]  # fmt: skip
    return ["{{ %s.%s }}" % (text, call) for text in TEXTS for call in calls]


def _formats() -> list[str]:
    specifications = [
        "", "5", "<5", ">5", "^6", "*^7", "05", "+", " ", "+d", "d", "x", "#x", "X", "o", "b", "#b", "c", "e", "E", "f", ".2f",
        "+.1f", "010.3f", "g", ".3g", "%", ".1%", ",", ",.2f", "_", "_x", "s", "10s", ".2", "=6", "<06", "n", "z", "!r", "é>4",
    ]  # fmt: skip
    values = ["7", "-7", "123456789", "2.5", "-0.125", "1e20", "1e-7", "0.0", "'ab'", "'\U0001f600'", "true", "none", "[1]", "missing"]
    cases = ["{{ '{:%s}'.format(%s) }}" % (spec, value) for spec in specifications for value in values]
    percents = [
        "%s", "%r", "%a", "%5s|", "%-5s|", "%.1s", "%d", "%5d", "%05d", "%+d", "% d", "%-6d|", "%.3d", "%i", "%u", "%x", "%#x",
        "%X", "%o", "%#o", "%e", "%.2f", "%8.3f", "%-8.1f|", "%+.0f", "%g", "%.3g", "%G", "%c", "%%", "%s%%", "%z", "%", "%s %s", "%ld",
        "%5c|", "%05.1f", "%010d", "%#.3g",
    ]  # fmt: skip
    cases += ["{{ '%s' %% %s }}" % (percent, value) for percent in percents for value in values]
    cases += [
        "{{ '%s-%s' % ('a', 1) }}", "{{ '%s' % (1,) }}", "{{ '%s' % [1, 2] }}", "{{ 'x' % [] }}", "{{ 'x' % {} }}", "{{ 'x' % 1 }}",
        "{{ 'x' % missing }}", "{{ 'x' % () }}", "{{ '%(a)s %(b)d' % {'a': 1, 'b': 2} }}", "{{ '%(a)s' % {'b': 1} }}",
        "{{ '%(a)5s|%(a)-5s|' % {'a': 'x'} }}", "{{ '%(a)s' % 'x' }}", "{{ '%*d' % (5, 3) }}", "{{ '%.*f' % (2, 3.14159) }}",
        "{{ '{} {}'.format(1, 'x') }}", "{{ '{1} {0}'.format(1, 2) }}", "{{ '{a} {b!r}'.format(a='x', b='y') }}",
        "{{ '{0} {}'.format(1) }}", "{{ '{} {0}'.format(1) }}", "{{ '{0[1]} {0[0]}'.format([1, 2]) }}",
        "{{ '{0.name}|{0[name]}'.format(objects[0]) }}", "{{ '{0.nope}'.format(objects[0]) }}", "{{ '{}'.format() }}",
        "{{ '{x}'.format() }}", "{{ '{{}} {}'.format(1) }}", "{{ '}'.format() }}", "{{ '{'.format() }}", "{{ '{:{w}}|'.format('a', w=5) }}",
        "{{ '{:{}}|'.format('a', 5) }}", "{{ '{!s:>4}'.format(1) }}", "{{ '{!x}'.format(1) }}", "{{ '{!a}'.format('é😀') }}",
        "{{ '{a}'.format_map({'a': 1}) }}", "{{ '{a}'.format_map({}) }}", "{{ '{a}'.format(**{'a': 2}) }}", "{{ '{}{}'.format(*[1, 2]) }}",
        "{{ '%s %s'|format('a', 'b') }}", "{{ '%(x)s'|format(x=1) }}", "{{ '%s'|format }}", "{{ 'a'|format }}", "{{ '%s'|format(1, x=2) }}",
    ]  # fmt: skip
    return cases


def _printing() -> list[str]:
    literals = [
        "true", "True", "none", "None", "1", "-1", "0x1F", "0b101", "0o17", "1_000", "10 ** 20", "-(2 ** 70)", "1.0", "1.5", "-0.0",
        "1e5", "1e15", "1e16", "1.5e16", "123456789012345678.0", "1e22", "1e-4", "1e-5", "1.25e-7", "0.1 + 0.2", "1E3", "1_0.5",
        "[]", "[1]", "[1, 'a', none, true, 1.0]", "()", "(1,)", "(1, 'x')", "{}", "{'a': 1}", "{1: 2, 1.0: 3, true: 4}",
        "{'k': [1, {'z': ()}]}", "[\"it's\", 'say \"x\"', 'both \\' \"']", "['a\\nb\\t\\\\', '\\x00\\x7f\\xa0\\xad', '\u200b\u2028\ufeff', '\u00e9\U0001f600', '\U000e0001']",
        "missing", "[missing]", "missing.x", "none.x", "objects.nope", "objects[9]", "objects['x']", "s[50]", "s.nope", "d.nope", "d.nope.x",
        "d['items']", "d.items", "d.keys()", "d.values()", "d.items()", "d.get('b')", "d.get('x')", "d.get('x', 1)", "d.get('a', 1)",
        "d.get(key='b')", "{'a': none}.get('a', 1)", "{'a': none}.a", "{'a': none}['a']", "d.pop('b')", "d.update({})", "d.pop", "d.copy()", "names.append('x')", "names.append",
        "names.index('gamma')", "names.index('x')", "names.count('alpha')", "names.copy()", "(1, 2).count(1)", "range(3)", "range(1, 9, 2)", "range(3).start",
        "range(5)[2]", "range(5)[-1]", "range(5)[1:3]", "range(10)[::-2]", "namespace(a=1, b='x')", "namespace({'a': 1})", "namespace(1)", "dict(a=1)",
        "dict([('a', 1)])", "dict({'a': 1}, b=2)", "dict(1)", "dict.fromkeys(['a', 'b'], 0)", "cycler('a', 'b').next()", "joiner(', ')()", "joiner", "raise_exception",
        "'a' 'b'", "'a\\\nb'", "'\\x41\\u00e9\\U0001f600\\101\\q'", "'\\é\\😀'", "\"it's\"", "'\\''", "'\\N{BULLET}'", "'\\ud83d'", "'\\xg'", "'\\u12'", "s[0]", "s[-1]", "s[1:4]",
        "s[::-1]", "s[::2]", "s[-3:]", "s[:-3]", "s[5:2]", "s[:99]", "s[none:2]", "s['a':]", "s[true]", "astral[1]", "astral[1:3]", "astral[::-1]", "astral[-1]",
        "names[1:]", "names[::-1]", "names[-1]", "names[1.0]", "names[true]", "(1, 2, 3)[1:]", "(1, 2, 3)[-1]", "d[0]", "d[[]]", "nested[1][1][1]", "nested.1.0", "names.0",
        "missing[0]", "none[0]", "n[0]", "n.real", "f.is_integer()", "n.nope", "t.x", "d[1:2]", "missing[1:]", "s[::0]", "strftime_now", "strftime_now is defined", "self", "super", "loop",
        "tools", "documents", "bos_token", "unk_token", "add_generation_prompt", "messages", "s.upper", "lipsum", "caller", "varargs", "True.x", "1 .x", "1.5.x",
        "'%s' % d", "1e308 * 10", "1e400", "2 ** 0.5", "2 ** -1", "10 ** -2", "2.0 ** 3", "2 ** 1000", "7 // 0", "0 ** -1", "0.0 ** 0",
    ]  # fmt: skip
    cases = ["{{ %s }}" % literal for literal in literals]
    cases += ["{{ %s }}|{{ %s|string }}|{{ [%s] }}|{{ %s ~ 1 }}" % (v, v, v, v) for v in [*VALUES, "crlf", "mixed", "html"]]
    return cases


def _operators() -> list[str]:
    numbers = ["7", "-7", "2", "-2", "0", "2.5", "-2.5", "0.1", "-0.0", "true", "12345678901234567890"]
    cases = ["{{ %s %s %s }}" % (a, op, b) for op in ("+", "-", "*", "/", "//", "%") for a in numbers for b in numbers]
    cases += ["{{ %s ** %s }}" % (a, b) for a in numbers for b in numbers[:-1]]
    cases += ["{{ %s %s %s }}" % (a, op, b) for op in ("+", "*", "%", "-", "~") for a in VALUES for b in VALUES if a != b]
    compared = ["1", "1.0", "true", "0", "none", "'a'", "'B'", "''", "[1]", "[1, 2]", "(1,)", "{}", "{'a': 1}", "missing", "'\uffff'", "'\U0001f600'", "range(1)"]
    cases += ["{{ %s %s %s }}" % (a, op, b) for op in ("==", "!=", "<", ">=", "in", "not in") for a in compared for b in compared]
    cases += [
        "{{ 1 < 2 < 3 }}", "{{ 1 < 3 < 2 }}", "{{ 1 == 1.0 == true }}", "{{ not 1 == 2 }}", "{{ -2 ** 2 }}", "{{ 2 ** 3 ** 2 }}", "{{ -n|abs }}", "{{ -7 // 2 }}",
        "{{ 7 % -3 }}", "{{ -7.5 % 2 }}", "{{ 7.5 // -2 }}", "{{ 1 + 2 ~ 3 * 2 }}", "{{ 'a' ~ 1 ~ none ~ true ~ 1.0 ~ missing }}", "{{ 'a' + 1 }}", "{{ 'a' * 3 }}", "{{ 3 * 'ab' }}",
        "{{ 'a' * -1 }}", "{{ [1] * 2 }}", "{{ (1,) + (2,) }}", "{{ [1] + (2,) }}", "{{ true + true }}", "{{ +true }}", "{{ -true }}", "{{ -'a' }}", "{{ -missing }}",
        "{{ 1 if true }}", "{{ 1 if false }}", "{{ (1 if false) is defined }}", "{{ 1 if 0 else 2 if 0 else 3 }}", "{{ none or 'x' }}", "{{ 0 or '' }}", "{{ 1 and 2 }}", "{{ '' and x.y }}",
        "{{ missing or 1 }}", "{{ missing and 1 }}", "{{ not missing }}", "{{ missing == missing2 }}", "{{ missing == none }}", "{{ missing != none }}", "{{ missing in [1] }}", "{{ missing in [missing2] }}",
        "{{ 'a' in missing }}", "{{ 1 in 'a1' }}", "{{ none in d }}", "{{ 'b' in d }}", "{{ [] in d }}", "{{ 1 in d.values() }}", "{{ 'b' in d.keys() }}", "{{ ('b', 1) in d.items() }}",
        "{{ 2 in range(3) }}", "{{ [1, [2]] == [1.0, [2]] }}", "{{ {'a': 1, 'b': 2} == {'b': 2, 'a': 1} }}", "{{ (1, 2) < (1, 3) }}", "{{ [1, 'a'] < [1, 2] }}", "{{ 'a' < 'B' }}",
        "{{ 'Z' < 'a' < 'é' }}", "{{ 1 / 3 }}", "{{ 4 / 2 }}", "{{ 10 // 3 }}", "{{ 10.0 // 3 }}", "{{ 1e3 }}", "{{ 10 ** 3 }}", "{{ 3 is odd and not 2 is odd }}", "{{ d == d }}", "{{ d.keys() == d.keys() }}",
    ]  # fmt: skip
    return cases


def _filters() -> list[str]:
    plain = [
        "abs", "capitalize", "count", "length", "escape", "e", "first", "last", "float", "int", "items|list", "join", "join(', ')", "list", "lower", "upper", "max", "min",
        "reverse|list", "reverse", "round", "safe", "sort", "string", "sum", "title", "tojson", "tojson(indent=2)", "tojson(sort_keys=true)", "trim", "unique|list", "wordcount",
        "default('x')", "default('x', true)", "d", "default", "indent", "indent(2)", "indent(2, true)", "indent('> ', first=true, blank=true)", "replace('o', '0')", "replace('o', '0', 1)",
        "replace(1, 2)", "center(20)", "truncate(5)", "truncate(8, true, '', 0)", "truncate(7, false, '..', 0)", "batch(2)|list", "batch(3, 'x')|list", "slice(2)|list", "slice(3, 'x')|list", "dictsort",
        "dictsort(true)", "dictsort(false, 'value')", "dictsort(reverse=true)", "sort(reverse=true)", "sort(case_sensitive=true)", "sort(true)", "unique(true)|list", "map('upper')|list", "map('string')|list",
        "map(attribute='name')|list", "map(attribute='age', default=0)|list", "select|list", "reject|list", "select('string')|list", "reject('none')|list", "select('eq', 1)|list", "selectattr('name')|list",
        "rejectattr('tags')|list", "selectattr('age', 'gt', 2)|list", "rejectattr('name', 'equalto', 'b')|map(attribute='name')|join", "groupby('age')", "groupby('name')|list", "groupby('age', default=9)",
        "sum(attribute='age')", "sum(start=10)", "sort(attribute='name')|map(attribute='name')|join", "sort(attribute='age,name')|map(attribute='name')|join", "min(attribute='age')", "max(attribute='name')", "join('-', attribute='name')",
        "attr('name')", "attr('upper')", "map('attr', 'x')|list", "format", "forceescape", "float(1)", "int(5)", "int(0, 16)", "int(base=2)", "round(1)", "round(0, 'ceil')", "round(1, 'floor')", "round(-1)", "round(method='nope')",
        "trim('Hd0')", "trim(none)", "tojson(ensure_ascii=true)", "tojson(indent=0)", "tojson(indent='\\t')", "tojson(separators=(',', ':'))", "tojson(separators=[';', '='], indent=1)", "tojson(true)",
        "first|string", "last|default('none')", "map|list", "nope", "upper|lower|title", "length|string|length", "list|length", "batch(0)|list", "slice(0)|list", "unique(attribute='age')|map(attribute='name')|list", "safe|length", "safe ~ '<'",
        "safe|upper", "urlencode", "xmlattr", "striptags", "wordwrap(5)", "pprint", "filesizeformat", "urlize", "random",
    ]  # fmt: skip
    values = [*VALUES, "crlf", "mixed", "html", "objects", "'42.7'", "' 1_0 '", "'0x1f'", "'1e3'", "'-5'", "'12abc'", "'inf'", "2.675", "-2.5", "0.5", "1234.5678", "[1.5, 2]", "['a', 1]", "[[1, 2], [1]]"]
    cases = ["{{ %s|%s }}" % (value, name) for value in values for name in plain]
    cases += [
        "{{ -5|abs }}", "{{ (-5)|abs }}", "{{ 42.55|round(1) }}", "{{ 42.55|round(1, 'floor') }}", "{{ 42.55|round|int }}", "{{ 0.125|round(2) }}", "{{ 1e300|round(2) }}", "{{ 15|round(-1) }}", "{{ 25|round(-1) }}",
        "{{ 2.5|round(none) }}", "{{ 1|round(2, 'ceil') }}", "{{ 'a b c'|replace(' ', '') }}", "{{ 'aaa'|replace('a', 'b', count=2) }}", "{% filter upper %}a{{ s }}{% endfilter %}", "{% filter replace('a', 'b')|upper %}aba{% endfilter %}",
        "{% filter length %}abc{% endfilter %}", "{% filter nope %}abc{% endfilter %}", "{% if false %}{{ s|nope }}{% endif %}ok", "{% if true %}{{ s|nope }}{% endif %}ok", "{{ s|nope if false else 1 }}", "{% if false %}{% for x in s %}{{ x|nope }}{% endfor %}{% endif %}ok",
        "{{ [1, 2]|map('nope')|list }}", "{% set x = [1, 2]|map('nope') %}ok", "{{ ['a']|map('replace', 'a', 'b')|first }}", "{{ [3, 1]|map('string')|join }}", "{{ numbers|select('odd')|list }}", "{{ numbers|select('divisibleby', 3)|list }}",
        "{{ numbers|select('in', [1, 2])|list }}", "{{ numbers|select('nope')|list }}", "{{ objects|selectattr('tags', 'defined')|map(attribute='name')|list }}", "{{ objects|selectattr('name', 'in', ['a', 'b'])|list|length }}", "{{ objects|selectattr('tags.0', 'eq', 'x')|list|length }}",
        "{{ objects|map(attribute='tags.0')|list }}", "{{ objects|groupby('age')|map(attribute='grouper')|list }}", "{% for g, items in objects|groupby('age') %}{{ g }}:{{ items|length }};{% endfor %}", "{% for g in objects|groupby('age') %}{{ g.grouper }}{{ g.list|length }}{{ g[0] }};{% endfor %}",
        "{% for k, v in d|items %}{{ k }}={{ v }};{% endfor %}", "{% for k, v in missing|items %}x{% else %}none{% endfor %}", "{% for k, v in d|dictsort %}{{ k }}{% endfor %}", "{{ names|join }}{{ names|join(1) }}{{ names|join(none) }}", "{{ [1, none, true, 2.0, missing]|join('|') }}",
        "{{ {'b': 1, 'a': {'d': 2, 'c': [1, 2, {}]}}|tojson(indent=4) }}", "{{ {1: 2, none: 3, true: 4, 1.5: 5}|tojson }}", "{{ {(1, 2): 3}|tojson }}", "{{ {'a': 1, 2: 3}|tojson(sort_keys=true) }}", "{{ [1.0, 1e20, 1e-9, 2 ** 70]|tojson }}", "{{ missing|tojson }}", "{{ [[], {}, [[]]]|tojson(indent=2) }}",
        "{{ [1, {'k': 2}]|tojson(separators='ab') }}", "{{ [1]|tojson(separators='a') }}", "{{ 'x'|tojson(true, namespace(a=1)) }}", "{{ 1|tojson(true, namespace(a=1)) }}", "{{ 'x'|tojson(separators=[1, 2]) }}", "{{ 1|tojson(separators=[1, 2]) }}", "{{ 'x'|tojson(separators=3) }}", "{{ [1, 2]|tojson(separators='ab'|map('upper')) }}", "{{ range(3)|tojson }}", "{{ d.items()|tojson }}", "{{ '\u2028\x7f\\\\</script>'|tojson }}", "{{ '\U0001f600'|tojson(ensure_ascii=true) }}", "{{ (1, 'a')|tojson }}", "{{ namespace(a=1)|tojson }}", "{{ s|e|e }}", "{{ html|e }}|{{ html|e|string }}|{{ html|safe|e }}",
        "{{ 'a'|e ~ '<' }}", "{{ html|safe }}{{ html }}", "{% set x = html|safe %}{{ x }}{{ x == html }}{{ x is string }}{{ x|length }}", "{{ (s|safe) + '<' }}", "{{ (s|safe).upper() }}", "{{ (s|safe)[0] }}", "{{ [s|safe] }}", "{{ 'Hello' in (s|safe) }}", "{{ (s|safe)|tojson }}", "{{ [s|safe, '<']|join('>') }}",
        "{{ 'foo bar-baz (qux) [x] {y} <z> it\\'s ÀÉ'|title }}", "{{ 'foo bar'.title() }}", "{{ \"they're bill's\".title() }}", "{{ 'ǆ ß'|title }}", "{{ 'ß'|capitalize }}", "{{ 'ΑΣ ΟΔΟΣ'|lower }}", "{{ 'ΑΣ'.lower() ~ 'ΟΔΟΣ'.capitalize() }}", "{{ 'ß ﬁ'|upper }}",
        "{{ 'one\\ntwo\\n\\nthree'|indent }}", "{{ 'one\\ntwo\\n\\nthree\\n'|indent(2, blank=true) }}", "{{ 'one\\r\\ntwo\\x0bthree'|indent(1) }}", "{{ ''|indent(2, true) }}", "{{ none|indent }}", "{{ 'a,b'.split(',')|map('trim')|list }}", "{{ 'x'|default }}", "{{ none|default('d') }}", "{{ none|default('d', true) }}", "{{ missing|default(none) }}",
        "{{ d.nope|default('d') }}", "{{ d.nope.x|default('d') }}", "{{ 'long text here and more'|truncate(10) }}", "{{ 'abc'|truncate(10.5) }}", "{{ 'abc def ghi jkl'|truncate(5.5) }}", "{{ 'abc'|truncate(10, leeway=1.5) }}", "{{ 'abcdefghi jklm'|truncate(7, leeway=0.5) }}", "{{ [1, 2]|truncate(3.5) }}", "{{ 'abc'|truncate(none) }}", "{{ '\U0001f600' * 300|int }}", "{{ ('\U0001f600' * 300)|truncate|length }}", "{{ 'a\U0001f600b'|reverse }}", "{{ 'a\U0001f600b'|list }}", "{{ 'a\U0001f600b'|length }}", "{{ '\U0001f600'|center(5) ~ '|' }}",
        "{{ ['b', 'A', 'a', 'B']|sort }}", "{{ ['b', 'A', 'a', 'B']|sort(case_sensitive=true) }}", "{{ ['\uffff', '\U0001f600', 'z']|sort }}", "{{ ['b', 'A', 'a', 'B']|unique|list }}", "{{ [1, true, 1.0, '1']|unique|list }}", "{{ [[1], [1]]|unique|list }}", "{{ [3, 1, 2]|sort|first }}", "{{ [none, 1]|sort }}", "{{ [none]|sort }}", "{{ d|sort }}", "{{ d|list }}", "{{ d|first }}",
        "{{ []|first }}", "{{ []|max }}", "{{ []|max is defined }}", "{{ [1, '2']|max }}", "{{ 'hello'|max }}", "{{ [1, 2]|sum }}", "{{ ['a']|sum }}", "{{ [[1], [2]]|sum(start=[]) }}", "{{ [0.1, 0.2]|sum }}", "{{ 'abc'|batch(2)|map('join')|list }}", "{% for x in 'abc'|batch(2, '-') %}{{ x|join }};{% endfor %}",
        "{% set g = [1, 2]|map('string') %}{{ g|list }}{{ g|list }}", "{% set g = [1, 2]|map('string') %}{{ g is iterable }}{{ g is sequence }}{{ g|length }}", "{{ ([1, 2]|map('string'))[0] }}", "{{ [1, 2]|map('string')|reverse|list }}", "{{ [1, 2]|map('string')|last }}", "{{ d.items()|list|last }}", "{{ d.keys()|last }}", "{{ d|reverse|list }}", "{{ (1, 2)|reverse|list }}", "{{ range(3)|reverse|list }}", "{{ 5|reverse }}",
        "{{ s|upper()|lower() }}", "{{ s|replace('o') }}", "{{ s|upper(1) }}", "{{ s|join(x=1) }}", "{{ s|default(default_value='x') }}", "{{ missing|default(default_value='x', boolean=true) }}", "{{ 'a'|center(width=4) ~ '|' }}", "{{ 5|float }}{{ '5'|float }}{{ 'x'|float }}{{ none|float }}", "{{ missing|int }}", "{{ missing|float }}", "{{ true|int }}{{ 2.9|int }}{{ -2.9|int }}", "{{ '1e5'|int }}{{ ''|int }}{{ '٣'|int }}",
    ]  # fmt: skip
    return cases


def _tests() -> list[str]:
    names = [
        "boolean", "callable", "defined", "divisibleby(3)", "divisibleby 2", "eq(1)", "== 1", "equalto('Hello World')", "escaped", "even", "false", "float", "ge(1)", "gt 2", "in [1, 7, 'Hello World']", "integer", "iterable", "le 7", "lessthan 3",
        "lower", "lt(1)", "mapping", "ne 7", "none", "number", "odd", "sameas none", "sameas true", "sameas(false)", "sequence", "string", "true", "undefined", "upper", "not none", "not defined", "filter", "test", "nope",
    ]  # fmt: skip
    cases = ["{{ %s is %s }}" % (value, name) for value in [*VALUES, "d.items()", "objects|map('string')", "namespace()", "range", "s.upper", "html|safe"] for name in names if not name.startswith(("==",))]
    cases += [
        "{{ 'upper' is filter }}{{ 'nope' is filter }}{{ 'odd' is test }}{{ 'urlize' is filter }}", "{{ 1 is defined and 2 is defined }}", "{{ missing.x is defined }}", "{{ d.x is defined }}", "{{ d.x.y is defined }}", "{{ d['x'] is not defined }}", "{{ 3 is divisibleby 0 }}", "{{ 1 is eq 1.0 }}",
        "{{ s is string if true else 2 }}", "{{ s is defined else 1 }}", "{{ 1 is odd is true }}", "{{ 'a' is in 'abc' }}", "{{ 4 is not divisibleby 3 }}", "{{ not s is string }}", "{{ none is sameas none }}", "{{ d is sameas d }}", "{{ [] is sameas [] }}", "{{ 1 is sameas true }}", "{{ 1.0 is sameas 1 }}", "{{ 'x' is sameas 'x' }}",
        "{% if false %}{{ 1 is nope }}{% endif %}ok", "{{ 1 is nope }}", "{{ 1 is nope if false else 2 }}", "{{ 1 is lt('a') }}", "{{ 'A1' is upper }}{{ '1' is upper }}{{ 'ǅ' is upper }}", "{{ messages is sequence and messages is not string }}", "{{ tools is none }}{{ documents is not none }}{{ tools is defined }}", "{{ unk_token is defined }}{{ bos_token is defined }}",
    ]  # fmt: skip
    return cases


def _loops() -> list[str]:
    attributes = ["index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "depth0", "previtem", "nextitem", "nope", "cycle('a', 'b')", "cycle()", "changed(x)", "changed(x % 2)", "previtem is defined", "nextitem|default('-')"]
    cases = ["{%% for x in %s %%}{{ loop.%s }},{%% endfor %%}" % (values, name) for name in attributes for values in ("numbers", "numbers|select('odd')", "range(3)", "d.values()|list|length|string")]
    cases += [
        "{% for x in numbers %}{{ x }}{% else %}none{% endfor %}", "{% for x in [] %}{{ x }}{% else %}none{% endfor %}", "{% for x in missing %}x{% else %}none{% endfor %}", "{% for x in none %}x{% endfor %}", "{% for x in 5 %}x{% endfor %}", "{% for x in astral %}[{{ x }}]{% endfor %}", "{% for x in d %}{{ x }},{% endfor %}",
        "{% for k, v in d.items() %}{{ k }}:{{ v }};{% endfor %}", "{% for a, b in nested %}{{ a }}{% endfor %}", "{% for a, b in [[1, 2], (3, 4), 'xy'] %}{{ a }}{{ b }};{% endfor %}", "{% for (a, b) in [[1, 2]] %}{{ a }}{{ b }}{% endfor %}", "{% for a, (b, c) in [[1, [2, 3]]] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "{% for a in [1], %}{{ a }}{% endfor %}", "{% for x in 1, 2 %}{{ x }}{% endfor %}",
        "{% for x in numbers if x > 1 %}{{ loop.index }}{{ x }}{{ loop.last }};{% else %}none{% endfor %}", "{% for x in numbers if x > 9 %}{{ x }}{% else %}none{% endfor %}", "{% for a, b in [[1, 2], [3, 4]] if a > 1 %}{{ loop.previtem }}{{ a }}{{ b }}{% endfor %}", "{% for x in numbers if loop.index > 1 %}{{ x }}{% endfor %}", "{% for x in numbers %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}", "{% for x in numbers %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% endfor %}",
        "{% for x in [1, 2] %}{% break %}{% else %}else{% endfor %}", "{% for x in [1, 2] %}{% continue %}{% else %}else{% endfor %}", "{% for x in [1, 2] %}{{ x }}{% if x == 2 %}{% break %}{% endif %}{% else %}else{% endfor %}", "{% break %}", "{% for x in [1] %}{% else %}{% break %}{% endfor %}", "{% for y in [1, 2] %}{{ y }}{% for x in [] %}{% else %}{% break %}{% endfor %}{{ y }}{% endfor %}", "{% macro f() %}{% break %}{% endmacro %}", "{% for x in [1] %}{% macro f() %}{% continue %}{% endmacro %}{% endfor %}",
        "{% for x in [1, 2] %}{% set y = x %}{% endfor %}{{ y }}", "{% set y = 0 %}{% for x in [1, 2] %}{% set y = y + x %}{{ y }}{% endfor %}{{ y }}", "{% for x in [1, 2] %}{% if x == 1 %}{% set s = 'set' %}{% endif %}{{ s }};{% endfor %}{{ s }}", "{% for x in [1, 2] %}{{ y }}{% set y = x %}{{ y }}{% endfor %}", "{% set ns = namespace(t=0) %}{% for x in numbers %}{% set ns.t = ns.t + x %}{% endfor %}{{ ns.t }}", "{% set ns = namespace() %}{{ ns.x }}{% set ns.x = 1 %}{{ ns.x }}{{ ns['x'] }}{{ ns.items }}",
        "{% set ns = namespace(_x=1) %}", "{% set ns = namespace(x=1) %}{% set ns._y = 2 %}", "{% set d.x = 1 %}", "{% set missing.x = 1 %}", "{% set ns = namespace(a=1) %}{% set ns.a, b = 2, 3 %}{{ ns.a }}{{ b }}", "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set a, b = [1] %}", "{% set a = 1, %}{{ a }}", "{% set (a, b) = 'xy' %}{{ a }}{{ b }}", "{% set 1 = 2 %}", "{% set none = 2 %}", "{% set a.b.c = 2 %}",
        "{% set loop = 1 %}{{ loop }}", "{% for x in [1] %}{% set loop = 2 %}{% endfor %}", "{% for loop in [1] %}{% endfor %}", "{% for x in [[1, 2], [3]] %}{% for y in x %}{{ loop.index }}{{ y }}{% endfor %}{{ loop.index }};{% endfor %}", "{% for x in [1, 2] %}{% set outer = loop %}{% for y in [3, 4] %}{{ outer.index }}{{ loop.index }} {% endfor %}{% endfor %}", "{% for x in [1, 2] %}{{ loop }}{% endfor %}",
        "{% for x in [{'v': 1, 'c': [{'v': 2, 'c': []}, {'v': 3, 'c': [{'v': 4, 'c': []}]}]}] recursive %}{{ loop.depth }}{{ x.v }}[{{ loop(x.c) }}]{% endfor %}", "{% for x in [[1, [2]], [3]] recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}{{ x }}{% endif %}{% else %}empty{% endfor %}", "{% for x in [1] %}{{ loop([2]) }}{% endfor %}", "{% for x in [1, 2] recursive %}{{ x }}{% if x == 1 %}{% break %}{% endif %}{% endfor %}",
        "{% set x = 'o' %}{% for x in [1] %}{{ x }}{% endfor %}{{ x }}", "{% for x in [1] %}{% endfor %}{{ x }}", "{% set x %}a{{ s }}b{% endset %}{{ x }}", "{% set x | upper %}abc{% endset %}{{ x }}", "{% set x | replace('a', 'b') | upper %}aab{% endset %}{{ x }}", "{% set x | length %}abc{% endset %}{{ x + 1 }}", "{% set x | replace(s, missing3) %}{{ s }}{% endset %}{{ x }}", "{% set x %}{% for i in [1, 2] %}{% set x = i %}{{ x }}{% endfor %}{% endset %}{{ x }}",
        "{% for i in [1, 2, 3] %}{% set t %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endset %}{{ t }}{% endfor %}", "{% with %}{% set a = 1 %}{{ a }}{% endwith %}{{ a }}", "{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a }}", "{% set a = 5 %}{% with a = a + 1, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}", "{% with a, b = 1, 2 %}{{ a }}{% endwith %}", "{% for i in range(3) %}{% with j = i * 2 %}{% if j == 2 %}{% continue %}{% endif %}{{ j }}{% endwith %}{% endfor %}",
        "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.current }}{{ c.next() }}{{ c.next() }}{{ c.reset() }}{{ c.current }}", "{% set j = joiner('|') %}{% for x in [1, 2, 3] %}{{ j() }}{{ x }}{% endfor %}", "{{ cycler() }}", "{% for i in range(100001) %}{% endfor %}", "{{ range('a') }}", "{{ range(1, 2, 0) }}", "{{ range(2.0) }}", "{% for x in range(5, 0, -2) %}{{ x }}{% endfor %}", "{% for m in messages %}{{ m.role }}{{ m['content'] }}{{ m.name is defined }}{% endfor %}",
        "{% if a %}{% set q = 1 %}{% else %}{% set q = 2 %}{% endif %}{{ q }}", "{% if t %}{% set tools = 1 %}{% endif %}{{ tools }}", "{{ tools }}{% set tools = 1 %}{{ tools }}", "{% for x in [1] %}{% set tools = tools %}{{ tools }}{% endfor %}", "{% for x in [1] %}{{ bos_token }}{% set bos_token = 'q' %}{{ bos_token }}{% endfor %}{{ bos_token }}", "{% if false %}{% set bos_token = 1 %}{% endif %}{{ bos_token }}", "{% for x in [1] %}{% if false %}{% set bos_token = 1 %}{% endif %}{{ bos_token }}{% endfor %}",
        "{% if missing %}a{% elif n %}b{% else %}c{% endif %}", "{% if 0 %}a{% elif 0.0 %}b{% elif '' %}c{% elif [] %}d{% elif {} %}e{% elif () %}f{% elif none %}g{% elif range(0) %}h{% else %}i{% endif %}", "{% if missing.x %}a{% endif %}", "{% if d.x %}a{% else %}b{% endif %}", "{% print s, n %}", "{% print s %}",
    ]  # fmt: skip
    return cases


def _macros() -> list[str]:
    return [
        "{% macro f(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ f(1) }}{{ f(1, 3) }}{{ f(b=4, a=5) }}{{ f() }}", "{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", "{% macro f(a) %}{% endmacro %}{{ f(b=2) }}", "{% macro f(a) %}{% endmacro %}{{ f(1, a=2) }}", "{% macro f() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, 2, x=3) }}", "{% macro f(a) %}{{ a is defined }}{{ a }}{{ a.x }}{% endmacro %}{{ f() }}",
        "{% macro f(a, b=a) %}{{ b }}{% endmacro %}{{ f(1) }}", "{% macro f(a=b, b=1) %}{{ a }}{{ b }}{% endmacro %}{{ f() }}", "{% macro f(a=1, b) %}{% endmacro %}", "{% macro f(x) %}{{ y }}{% endmacro %}{% set y = 1 %}{{ f(1) }}", "{% macro f() %}{{ y }}{% endmacro %}{{ f() }}{% set y = 1 %}{{ f() }}", "{% macro f() %}{{ tools }}{% endmacro %}{{ f() }}{% set tools = 1 %}{{ f() }}", "{% macro f() %}{% set z = 1 %}{{ z }}{% endmacro %}{{ f() }}{{ z }}",
        "{% set x = 1 %}{% macro f() %}{% set x = x + 1 %}{{ x }}{% endmacro %}{{ f() }}{{ f() }}{{ x }}", "{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}", "{{ f() }}{% macro f() %}x{% endmacro %}", "{% macro f() %}x{% endmacro %}{{ f }}{{ f.name }}{{ f.arguments }}{{ f.catch_kwargs }}{{ f.caller }}", "{% macro f() %}{{ caller() }}{% endmacro %}{% call f() %}in{% endcall %}", "{% macro f() %}{{ caller(1, 2) }}{% endmacro %}{% call(a, b) f() %}{{ a }}-{{ b }}{% endcall %}",
        "{% macro f() %}{{ caller() }}{% endmacro %}{{ f() }}", "{% macro f() %}x{% endmacro %}{% call f() %}in{% endcall %}", "{% macro f() %}{{ caller is defined }}{% endmacro %}{{ f() }}{% call f() %}{% endcall %}", "{% macro f(caller=none) %}{{ caller }}{% endmacro %}{{ f() }}", "{% macro f(caller) %}{{ caller() }}{% endmacro %}", "{% macro g() %}<{{ caller() }}>{% endmacro %}{% macro f() %}{% call g() %}{{ caller() }}{% endcall %}{% endmacro %}{% call f() %}in{% endcall %}",
        "{% for x in [1, 2] %}{% macro f() %}{{ x }}{% endmacro %}{{ f() }}{% endfor %}", "{% for x in [1, 2] %}{% macro f() %}{{ x }}{{ loop.index }}{% endmacro %}{{ f() }}{% endfor %}", "{% set ns = namespace() %}{% for x in [1, 2] %}{% macro f() %}{{ x }}{% endmacro %}{% set ns.f = f %}{% endfor %}{{ ns.f() }}", "{% macro f() %}a\n{% endmacro %}[{{ f() }}]", "{% macro f() %}  {%- if true %} a {% endif -%}  {% endmacro %}[{{ f() }}]", "{% macro f() %}x{% endmacro %}{{ f() ~ f()|upper }}{{ f() is string }}",
        "{% macro _f() %}x{% endmacro %}{{ _f() }}", "{% macro f(a, a) %}{% endmacro %}", "{% macro f(*args) %}{% endmacro %}", "{% macro f(kwargs) %}{{ kwargs }}{% endmacro %}{{ f(1) }}", "{% macro f() %}{{ kwargs.x }}{{ varargs[0] }}{% endmacro %}{{ f(1, x=2) }}", "{% macro f(a) %}{{ a }}{% endmacro %}{{ f(*[1]) }}{{ f(**{'a': 2}) }}", "{% macro f(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ f(1, *[2]) }}{{ f(b=1, **{'a': 2}) }}{{ f(b=1, **{'b': 2}) }}", "{% call s.upper() %}{% endcall %}", "{% call s %}{% endcall %}", "{% call namespace() %}{% endcall %}",
        "{% set f = s.upper %}{{ f() }}", "{{ s.upper()() }}", "{{ none() }}", "{{ missing() }}", "{{ d.nope() }}", "{{ n() }}", "{{ raise_exception('x') }}", "{{ raise_exception() }}", "{% generation %}a{{ s }}{% endgeneration %}", "{% generation %}{% set x = 1 %}{{ x }}{% endgeneration %}{{ x }}", "{% for x in [1, 2] %}\n{% generation %}\n{{ x }}\n{% endgeneration %}\n{% endfor %}", "{% for x in [1] %}{% generation %}{% break %}{% endgeneration %}{% endfor %}",
        "{% generation -%}  a  {%- endgeneration %}", "{% macro f() %}{% generation %}{{ caller is defined }}{% endgeneration %}{% endmacro %}{% call f() %}{% endcall %}", "{% block a %}x{% endblock %}", "{% extends 'a' %}", "{% include 'a' %}", "{% import 'a' as b %}", "{% from 'a' import b %}", "{% autoescape true %}{{ html }}{% endautoescape %}", "{% do 1 %}", "{% trans %}a{% endtrans %}", "{% debug %}", "{% nope %}", "{% macro f %}{% endmacro %}", "{% call(x=1) s() %}{% endcall %}",
        "{% macro f(x) -%}\n  {{ x }}\n{%- endmacro %}\n{{ f(1) }}\n{{ f(2) }}", "{% macro f(t) %}{{ t.upper() }}{% endmacro %}{{ names|map('upper')|join(f('-x-')) }}", "{% macro f(x, y='d') %}{{ x }}/{{ y }}{% endmacro %}{{ f('a', y=none) }}{{ f(x=missing) }}", "{{ self.x }}", "{% set self = 1 %}", "{% filter upper %}{% set q = 'a' %}{{ q }}{% endfilter %}{{ q }}", "{% set x = 1 %}{% filter replace('1', x|string ~ '2') %}{% set x = 3 %}1{{ x }}{% endfilter %}{{ x }}",
    ]  # fmt: skip


def _spaces() -> list[str]:
    opens, closes = ["{%", "{%-", "{%+"], ["%}", "-%}", "+%}"]
    cases = []
    for begin in opens:
        for end in closes:
            cases += [
                f"a\n  {begin} if true {end}\n  b\n  {begin} endif {end}\n  c\n",
                f"a  {begin} if true {end}  b  {begin} endif {end}  c",
                f"  {begin} set x = 1 {end}\n\n  x",
                f"\t{begin} raw {end}\n {{{{ x }}}} \n {begin} endraw {end}\n y",
                f"\n\n{begin} for i in [1, 2] {end}\n i\n{begin} endfor {end}\n\n",
                f"\u3000{begin} if true {end}\x1c\n\xa0x\ufeff{begin} endif {end}",
                f"\x0b\x0c {begin} if true {end}\r\n  x\r{begin} endif {end}\r\n",
            ]
    for begin in ["{{", "{{-", "{{+"]:
        for end in ["}}", "-}}", "+}}"]:
            cases += [f"a \n {begin} s {end} \n b", f" {begin} s {end}\nb\n", f"a\n  {begin} '' {end}\n{{% if true %}}\nb{{% endif %}}"]
    for begin in ["{#", "{#-", "{#+"]:
        for end in ["#}", "-#}", "+#}"]:
            cases += [f"a \n {begin} s {end} \n b", f" {begin} {{{{ x }}}} {{% if %}} {end}\nb\n", f"a\n  {begin}{end}\n  b"]
    cases += [
        "a\n", "a\n\n", "\n", "", "a\r\n", "a\r\n\r\n", "a\rb\r\nc\n", "{{ 'a\r\nb' }}", "{{ s }}\n", "{{ s -}}\n", "{% if true %}\n{% endif %}\n", "{% if true -%}\n\n a{%- endif %}", "{%if true%}a{%endif%}", "{%- if true -%} a {%- endif -%}", "{{s}}{{-s-}}", "{{ s }} {# c #} {{ s }}", "{# a {# b #} c #}", "{#", "{# x", "{%", "{{", "{{ s", "{% if", "{% if true", "{% raw %}{% endraw", "{% raw %}", "{% raw %}{{ {% {# {% endraw %}",
        "{%raw%}{{ a }}{%endraw%}", "{%- raw -%}  {{ a }}  {%- endraw -%}  b", "a {%- raw %} b {% endraw -%} c", "  {% raw %}\n  x\n  {% endraw %}\n", "{{ '{{' }}", "{{ '%}' }}", "{{ {'a': {}} }}", "{{ {'a': 1}['a']}}", "{{ [1}} ", "{{ (1] }}", "{{ 1) }}", "{{ } }}", "{{ }}", "{% %}", "{{ 1 2 }}", "{{ a b }}", "{{ 1 + }}", "{{ 'a }}", "{{ a..b }}", "{{ a. }}", "{{ a.'b' }}", "{{ $ }}", "{{ a ? b }}", "{{ a! }}", "{{ 1.5.5 }}", "{{ 1.a }}", "{{ 01 }}", "{{ 1__0 }}", "{{ 0x }}",
        "{{ a|b|c }}", "{{ a| }}", "{{ |a }}", "{{ a is }}", "{{ a is not }}", "{{ not }}", "{{ a if }}", "{{ if a }}", "{{ x = 1 }}", "{{ a[ }}", "{{ a[] }}", "{{ a[1 2] }}", "{{ a[1, 2] }}", "{{ d[1, 2] }}", "{{ a(1 2) }}", "{{ f(a=1, 2) }}", "{{ f(*a, 1) }}", "{{ f(**a, b=1) }}", "{{ dict(a=1, a=2) }}", "{{ dict(**{'a': 1}, **{'b': 2}) }}", "{{ [1, 2,] }}", "{{ [,] }}", "{{ {,} }}", "{{ {'a' 1} }}", "{{ {'a': 1,} }}", "{{ (1,) }}", "{{ (,) }}", "{{ 1, 2 }}", "{{ 1, }}", "{{ dict(a=1,) }}",
        "{% if %}{% endif %}", "{% if a %}", "{% endif %}", "{% else %}", "{% if a %}{% elif %}{% endif %}", "{% if a %}{% else %}{% else %}{% endif %}", "{% if a: %}x{% endif %}", "{% for x in s: %}{{ x }}{% endfor %}", "{% for %}{% endfor %}", "{% for x %}{% endfor %}", "{% for x in %}{% endfor %}", "{% for 1 in s %}{% endfor %}", "{% for x.y in s %}{% endfor %}", "{% for x in s %}", "{% for x in s %}{% endif %}", "{% set %}", "{% set x %}", "{% set x = %}", "{% set x = 1 2 %}", "{% set x = 1 if n else 2 %}{{ x }}", "{% set x = n, %}{{ x }}", "{% endfor %}", "{% if a %}{% endfor %}{% endif %}", "{% if true %}a{% endif a %}", "{% macro %}",
        "<{{ s }}>\n{%- if true %}\n\n x {% endif +%}\n\ny", "{% if true +%}\nx{% endif %}", "{%+ if true %}x{% endif %}", "   {%+ if true %}x{% endif %}", "  {# x #}\n  {% set a = 1 %}\n  {{ a }}\n", "x{{ '\\n' }}{% if true %}\n{% endif %}", "{{ s }}\n  {% if true %}\n  {% endif %}\n", "{% set größe = 1 %}{{ größe }}", "{{ 'größe' }}", "{% set x1_ = 1 %}{{ x1_ }}", "{{ ٣ }}", "{%\n  set x = [\n 1,\n 2 ]\n%}\n{{ x }}", "{{ \n s \n }}", "{% for x in [1, 2] -%}\n  {{ x }}\n{%- endfor %}", "a{% if true %}\r\nb{% endif %}", "{%-\nif true\n-%}\n x",
    ]  # fmt: skip
    return cases


KINDS = {
    "texts": _texts,
    "formats": _formats,
    "printing": _printing,
    "operators": _operators,
    "filters": _filters,
    "tests": _tests,
    "loops": _loops,
    "macros": _macros,
    "spaces": _spaces,
}
