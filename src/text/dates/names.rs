//! The words of dates: months, days of the week, halves of the day, and words that carry nothing.

use chrono::Weekday;

/// Month names by their beginnings, one row a month; each language's shortest form that is its own. Croatian's
/// `listopad` (October) is left out: in Polish and Czech it is November. Iran's months stand at their own numbers: their
/// years tell them apart.
const MONTHS: [&str; 12] = [
    "jan ene gen jän sty led sij oca sau jaan tammi янв січ яну јан ιαν يناير جانفي ינו ian yan xan қаң იან հունվ \
     հնվ जन জান جنوری ژانو มกร сту urt eaná ion 一月 فروردین",
    "feb fév fev lut úno vel şub vas veebr helmi фев лют φεβ فبراير فيفري شباط פבר peb феб ақп თებ փետ փտվ फर \
     फ़र ফেব فروری فوریه กุมภ shk ots frar feabh chwe 二月 اردیبهشت",
    "mar mär mrz bře ožu kov maalis мар бер μάρ μαρ مارس آذار מרץ márc márt maart mrt mac mach нау მარ մար մրտ \
     मार्च মার্চ مارچ มีนา сак maw 三月 خرداد",
    "apr abr avr ápr kwi dub tra nis bal huhti апр кві απρ أبريل ابريل إبريل أفريل نيسان אפר api prill сәу აპრ \
     ապր अप्र এপ্র اپریل آوریل เมษ кра aib ebr 四月 تیر",
    "may mai mag maj máj kwm kvě svi geg touko mei май мая мај тра трав μάι μαΐ μαι مايو ماي أيار מאי maí mej мам \
     маі მაი մայ मई মে مئی مه می พฤษภ beal 五月 مرداد",
    "jun giu juin jui jún jūn juuni cze čer čvn lipnj haz bir kesä июн чер юни јун ιούν ιουν يونيو جوان حزيران \
     יונ iun iyun iyn huny мау ივნ հունիս հնս जून জুন جون ژوئن มิถุ чэр qer eka xuñ ġun meith meh 六月 شهریور",
    "jul lug juil júl jūl juuli lip červenc července čvc srpnj tem lie heinä июл лип юли јул ιούλ ιουλ يوليو \
     جويلية تموز יול iul iyul iyl huly шіл ივლ հուլ հլս जुल জুল جولائی ژوئیه جولای กรกฎ ліп korr uzt xul lul iúil gor \
     七月 مهر",
    "aug ago aoû sie srp kol ağu rgp rugp elo авг сер αύγ αυγ أغسطس اغسطس أوت آب אוג agus ogo ágú avg avq agu \
     там აგვ օգ अग আগ اگست اوت آگوست สิงห жні gush abu aww lún aws 八月 آبان",
    "sep set szept wrz zář ruj eyl rugs syys сен вер сеп σεπ سبتمبر أيلول ספט sen қыр სექ սեպ सित সেপ ستمبر \
     سپتامبر กันย shta ira meán medi 九月 آذر",
    "oct ott okt out paź říj eki spa loka окт жов οκτ أكتوبر اكتوبر אוק қаз ოქტ հոկ अक्ट अक्त অক্ট اکتوبر اکتبر \
     ตุลา кас tet urr deir hyd 十月 دی",
    "nov lis stu kas lap marras ноя лис ное нов νοέ νοε نوفمبر נוב noi nóv noy nob қар ნოე նոյ नव নভে نومبر نوامبر \
     พฤศจ ліс nën aza samh tach 十一月 بهمن",
    "dec dic dez déc dets gru pro ara grd joulu des дек гру дец δεκ ديسمبر דצמ dek dis желт დეკ դեկ दिस ডিস دسمبر \
     دسامبر ธันว сне dhj abe diċ noll rhag 十二月 اسفند",
];

/// Days of the week likewise, Monday first, in the languages that put them behind the date, and in those whose days
/// begin like months (`martes`, `vasárnap`).
const WEEKDAYS: [&str; 7] = [
    "mon lunes lundi lunedì lunedi luni segunda montag maandag poniedzia ponděl ponedj hétfő pazartesi понедел \
     понеділ δευτέρ pirmad pirmdi دوشنبه الاثنين الإثنين सोमवार дүйсен",
    "tue martes mardi martedì martedi marți terça dienstag dinsdag wtorek úter utorak kedd salı вторник вівтор \
     τρίτ antrad otrdi سهشنبه الثلاثاء मंगलवार сейсен",
    "wed miércoles miercoles mercredi mercoledì mercoledi miercuri quarta mittwoch woensdag środa střed srijed \
     szerda çarşamba сред серед τετάρτ trečiad trešdi چهارشنبه الأربعاء الاربعاء बुधवार сәрсен",
    "thu jueves jeudi giovedì giovedi joi quinta donnerstag donderdag czwartek čtvrtek četvrt csütörtök perşembe \
     четвер πέμπτ ketvirtad ceturtdi پنجشنبه الخميس गुरुवार бейсен",
    "fri viernes vendredi venerdì venerdi vineri sexta freitag vrijdag piątek pátek petak péntek cuma пятниц \
     п'ятниц п’ятниц παρασκευ penktad piektdi جمعه الجمعة शुक्रवार жұма",
    "sat sábado sabado samedi sabato sâmbătă samstag sonnabend zaterdag sobota sobotu subota szombat cumartesi \
     суббот субот σάββατ šeštad sestdi شنبه السبت शनिवार сенбі",
    "sun domingo dimanche domenica duminică sonntag zondag niedziel neděl nedjelj vasárnap pazar воскрес неділ \
     κυριακ sekmad svētdi یکشنبه الأحد रविवार жексен",
];

/// Words that carry nothing.
const FILLERS: &str = "of the at on in st nd rd th de del di le la el den der am um uhr ore alle à a às er и в г года год р року om \
     kl klo klokken t o godz saat pukul lúc ngày h hrs hr time في الساعة على feira año ano m d gada ж թ e ko ta’ \
     ta' năm оны fómhair και og çərşənbə axşamı cümə şənbə bazar ertəsi";

/// From 1 to 12.
pub(super) fn month(word: &str) -> Option<i64> {
    // Catalan `d’abril`, Hebrew `בינואר` (in January).
    let bare = ["d’", "d'", "ב"].into_iter().find_map(|article| word.strip_prefix(article));
    row(&MONTHS, word).or_else(|| row(&MONTHS, bare?)).and_then(|row| i64::try_from(row + 1).ok())
}

/// Names of two words: the Levant's, and Thai abbreviations, whose dots part them.
pub(super) fn month_of_two(first: &str, second: &str) -> Option<i64> {
    match (first, second) {
        ("كانون", "الثاني") => Some(1),
        ("تشرين", "الأول" | "الاول") => Some(10),
        ("تشرين", "الثاني") => Some(11),
        ("كانون", "الأول" | "الاول") => Some(12),
        _ => {
            const THAI: [(&str, &str); 12] = [
                ("ม", "ค"),
                ("ก", "พ"),
                ("มี", "ค"),
                ("เม", "ย"),
                ("พ", "ค"),
                ("มิ", "ย"),
                ("ก", "ค"),
                ("ส", "ค"),
                ("ก", "ย"),
                ("ต", "ค"),
                ("พ", "ย"),
                ("ธ", "ค"),
            ];
            THAI.iter().position(|month| *month == (first, second)).and_then(|at| i64::try_from(at + 1).ok())
        }
    }
}

pub(super) fn weekday(word: &str) -> Option<Weekday> {
    row(&WEEKDAYS, word).and_then(|row| Weekday::try_from(u8::try_from(row).ok()?).ok())
}

/// `星期二`, `周二`, `火曜日`, `(火)`, `화요일`, `(화)`.
pub(super) fn is_east_asian_weekday(word: &str) -> bool {
    word.contains('曜')
        || ["星期", "周", "週", "礼拜", "禮拜"].iter().any(|start| word.starts_with(start))
        || word.ends_with("요일")
        || matches!(
            word,
            "月" | "火" | "水" | "木" | "金" | "土" | "日" | "월" | "화" | "수" | "목" | "금" | "토" | "일"
        )
}

pub(super) fn is_filler(word: &str) -> bool {
    FILLERS.split(' ').any(|known| known == word)
}

/// The year before the first of a reign or republic: Japan's last three emperors, Taiwan.
pub(super) fn era(word: &str) -> Option<i64> {
    match word {
        "令和" => Some(2018),
        "平成" => Some(1988),
        "昭和" => Some(1925),
        "民國" | "民国" => Some(1911),
        _ => None,
    }
}

pub(super) fn half_of_day(word: &str) -> Option<bool> {
    match word {
        "am" | "오전" | "上午" | "早上" | "凌晨" | "午前" | "πμ" | "ص" | "صباحا" | "صباحاً" => {
            Some(false)
        }
        "pm" | "오후" | "下午" | "晚上" | "午後" | "μμ" | "م" | "مساء" | "مساءً" => Some(true),
        _ => None,
    }
}

/// The row with the longest beginning of the word.
fn row(rows: &[&str], word: &str) -> Option<usize> {
    let mut best: Option<(usize, usize)> = None;
    for (at, names) in rows.iter().enumerate() {
        for name in names.split(' ') {
            if word.starts_with(name) && best.is_none_or(|(length, _)| name.len() > length) {
                best = Some((name.len(), at));
            }
        }
    }
    best.map(|(_, at)| at)
}
