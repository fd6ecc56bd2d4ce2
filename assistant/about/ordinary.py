"""Ordinary English words that stand one slip from a word that questions about an article are made of.

They are read as they are typed: "list the counties" does not ask for the countries. Made of a vocabulary of 40,000
words, by keeping those that ``spelling.meant`` would take for one of ours.
"""

ORDINARY = frozenset(
    """
accounts acre actor actuality addition additionally additions addressed addresses ads agreed agrees ally alter
amount amounted anchored annually answered apps area aren asks aspect assistance assisting authorized ballet ben
beside blogs boat books boom boot bots bout brook business cadre cafe captained car card cars chambers chan charter
charters chef citizens clan code cold collected collects columns com comet comets comments commonly communist
companion companions compares compete competed competes compiled completed completely complexes composed computed
concepts concerts concessions condensed condenser condensers cones confined confusion connects consent constant
contacts container containers contest context contexts continent continents continued contract contracts contrary
convened converted converts cook cord cores couldn counties counts county coupled couples creates creative creature
credited dad dawn days dead dealt del der des didn died dies differently dine dismissed displayed displays
documented documents doesn dome domes don dose doses drift dying east eighth eleventh entirely entirety entities
evenings ever excused exploited facto failures farms fat fats feathers fifteenth fifty figure filed files fill finds
fins firewall firm flew focused fond forms fort forth forum founding fourteenth friendly friends fully fund funding
fur gain generals generate gets god gold goods greeting group hampered hand hard haven head heard hearing hears
heart heat heating hee hell her highlight highlighted holdings humans ideal ideals identity importance importantly
importing inclined individual individually institute instituted institution institutional intro introduced
introduces jobs journalists journals keys kids known knows languages las lasted lasts late latter layer lean learns
least left lengths lent les lets letter lie lies likes lined liners links lists lit liter live locating location log
lost lots loved lover loves mace machinery machines mad magazines maker makers male males man matching meant meets
men messages met min miniseries mode models months mya naked nam nation national nationals needs newspapers nights
none note numbered offers once ones opinions opposition others outlets outlined outputs pain paint painted palaces
pap papers part particles partners passages pensions peoples percentage perfectly personal petition pieces place
placed plains plan platforms pleased pleasure poet pointed polished polishing ports posed positioned positions
positive possibly poster posts pot precise prepared prepares presence presented presenter presents president prevent
prevents primacy primarily principally principle printer produced producer producers produces product products
provided provider providers provides province publications publishes purposes puts quite quota quotas quotation
rally rare reaches reaching reads ready realm rear recently recorded red referral reformed regarding region regional
relating releases relegated religions remembered renal repealed repeated reportedly reserved resorts revealed
reversed rights robots root sad sample seconds secretion sectional seed seek seem seen sees selection sentenced
sequence sequences sessions severely shore shores shortened shortest shorts shot shoulder shown shows similarly
simpler simplest simplify singles sit sites sits snow soft son sound sources speakers specified specifies spite
sport sports stars starts state statements states stations statistical status stay staying stays store storey
subjects submarine submarines subtitled sue sued suite tables tablet taken taking tale tales tall tank teen tend
tens term test texts themed thin think thinks thirds thirteenth thus tie times titles toll tons too took tools town
tracking tree tropics txt tying undertook update updates upgraded user users verses versions views waiting wars wasn
way ways websites welcomed whale wheat while width wore world worlds wouldn writers writings
""".split()
)
