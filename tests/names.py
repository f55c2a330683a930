"""Names in the scripts of the world's universities, and some that are hard to print."""

NAMES = {
    "sinhala": "ශ්‍රී ජයවර්ධනපුර විශ්වවිද්‍යාලය",
    "thai": "มหาวิทยาลัยธรรมศาสตร์",
    "arabic": "جامعة القاهرة",
    "hebrew": "האוניברסיטה העברית",
    "devanagari": "दिल्ली विश्वविद्यालय",
    "tamil": "சென்னைப் பல்கலைக்கழகம்",
    "bengali": "ঢাকা বিশ্ববিদ্যালয়",
    "georgian": "თბილისის უნივერსიტეტი",
    "armenian": "Երևանի պետական համալսարան",
    "amharic": "አዲስ አበባ ዩኒቨርሲቲ",
    "khmer": "សាកលវិទ្យាល័យភូមិន្ទភ្នំពេញ",
    "burmese": "ရန်ကုန်တက္ကသိုလ်",
    "korean": "서울대학교",
    "japanese": "東京大学 附属図書館",
    "chinese, simplified": "北京大学图书馆",
    "chinese, traditional": "國立臺灣大學",
    "vietnamese": "Đại học Quốc gia Hà Nội",
    "greek": "Ἐθνικὸν Πανεπιστήμιον",
    "cyrillic": "Қазақ ұлттық университеті",
    "emoji": "Emoji 🎬 College",
    "emoji with a joiner": "A 👩‍🏫",
    "math": "\U0001d544\U0001d540\U0001d54b \U0001d49c",
}
# No font of ours has all their characters.
BOXED = {
    "extension B": "𠮷\U0002a6a5 College",
    "tibetan": "བོད་ལྗོངས་སློབ་ཆེན",
    "private use": "\ue000\uf8ff College",
}
HARD = {
    "key": "Room 1\ufe0f\u20e3",
    "two marks": "x̂́ A\u0e31\u0301 College",
    "marks of other scripts": "Room 1\u0e48 A\u064b \u1780\u064b College",
    "markup": "#set text(9pt) *x* $y$ @z \\",
    "unbroken": "W" * 200,
    "unbroken arabic": "جامعة" * 40,
    "180 Han letters": "".join(chr(0x4E00 + place) for place in range(180)),
    "200 letters of extension B": "".join(chr(0x20100 + 7 * place) for place in range(200)),
}
EVERY_NAME = {**NAMES, **BOXED, **HARD}
