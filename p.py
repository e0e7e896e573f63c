import re
# 18 how sure
p='lib/report/atlas/how-sure.ts'
s=open(p).read()
s=s.replace('''  const parts = [
    `held at ${held} of ${judged} points tried`,
    ...(judged === points ? [] : [`${points} were planned`]),
    `the seeds suffice to be sure at ${sure}${seeds === null ? "" : `, ${seeds} a point`}`,
  ];
  return { what: inWords(statement), counts: parts.join("; "), range };
''','''  const where = `on ${held} of ${judged} kinds of machine tried`;
  const each = seeds === null ? "" : `, with ${seeds} machine${seeds === 1 ? "" : "s"} of each kind`;
  const parts = [
    `true ${where}${each}${judged === points ? "" : ` (${points} were planned; the time for them ran out)`}`,
    sureText(sure!, judged!),
  ];
  return { what: inWords(statement), counts: parts.join("; "), range };
''')
s=s.replace('''/** The stored results named,''','''/** How often chance can be ruled out: a difference may be seen on machines and still be too small for their number. */
function sureText(sure: number, judged: number): string {
  if (sure === judged) return "on every kind, that is more than chance";
  if (sure === 0) return "that it is more than chance is not shown on any one kind";
  return `on ${sure} kinds, that is more than chance`;
}

/** The stored results named,''')
open(p,'w').write(s)
