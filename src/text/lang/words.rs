//! The words and letters by which languages in Latin script are told.

use whatlang::Lang as Whatlang;

/// Languages in Latin letters, with words that every text of some length holds. A word may stand in several lists: it
/// then counts for each with less weight. Chosen by hand: articles, prepositions, conjunctions, auxiliaries.
pub(super) const LATIN: &[(&str, Option<Whatlang>, &str)] = &[
    (
        "en",
        Some(Whatlang::Eng),
        "the of and to in is that for with was has have are said from by will his after which its been were they not this be it on as at an who their more would about over if but can we you our there could than two",
    ),
    (
        "it",
        Some(Whatlang::Ita),
        "il di che la per con del della nel nella dei delle degli alla non sono ha gli le una dal dalla più anche ma è un al sul sulla ai tra come lo suo dopo stato questo si alle nei contro hanno e a in i da l d dell nell all o cui poi anni",
    ),
    (
        "fr",
        Some(Whatlang::Fra),
        "le la les des et est du une dans pour qui sur par au avec ce pas que plus aux ont été son sa ses ne se cette mais après un en a il selon être sont leur l d qu à nous vous nos on comment y ou où elle ils cet lors",
    ),
    (
        "de",
        Some(Whatlang::Deu),
        "der die das und ist von mit den dem des ein eine für auf im nicht sich zu als auch nach wird werden bei einer einem einen hat aus wie über vom zum zur sind war haben gegen in an oder aber es er sie man nur noch vor",
    ),
    (
        "es",
        Some(Whatlang::Spa),
        "el la los las de que y en del por con para una un su se al es lo como más pero sus ha sobre este entre fue desde tras han años según no también a o e ya sin hasta donde",
    ),
    (
        "pt",
        Some(Whatlang::Por),
        "o a os as de que e em do da dos das no na nos nas por com para uma um se ao não é mais como foi seu sua pelo pela mas entre após são disse até também à",
    ),
    (
        "nl",
        Some(Whatlang::Nld),
        "de het een van en in is dat op te voor met zijn niet aan er om door over bij ook naar heeft uit maar worden wordt was hebben tot die deze meer nog",
    ),
    (
        "pl",
        Some(Whatlang::Pol),
        "w i na z się do nie że jest to o po od za przez jak dla oraz są ma który przed która tym roku będzie był czy już także został",
    ),
    (
        "cs",
        Some(Whatlang::Ces),
        "a v se na je že s z do o i ve pro za by to jako podle po jeho od bude ale které který jsou byl také při již však nebo kteří před ze",
    ),
    (
        "sk",
        Some(Whatlang::Slk),
        "a v sa na je že s z do o aj vo pre za by to ako podľa po jeho od bude ale ktoré ktorý sú bol tiež pri už však alebo ktorí pred zo nie",
    ),
    (
        "hu",
        Some(Whatlang::Hun),
        "a az és hogy nem is egy volt meg szerint már csak de ez el mint vagy után még aki amely között lesz ki több ami ezt van majd",
    ),
    (
        "ro",
        Some(Whatlang::Ron),
        "de și în la a cu că pe din nu pentru este o fost care un mai au se prin după sau ce lui fi va sunt unei unui al său cea lor şi",
    ),
    (
        "hr",
        Some(Whatlang::Hrv),
        "i u je na se da za su od s o koji kako će nije iz bi ali što do te koja ili samo kao još biti nakon prema bio koje sve rekao",
    ),
    (
        "sl",
        Some(Whatlang::Slv),
        "in je v na se da za so z s pa bo ki tudi po od kot ne bi iz še pri ali do kako lahko ter že bil sta več po pred kar",
    ),
    (
        "sv",
        Some(Whatlang::Swe),
        "och i att det som en på är av för med den till inte har ett om de från var men vid efter kan nu också ska han mot under sig hade",
    ),
    (
        "da",
        Some(Whatlang::Dan),
        "og i at det er en på til af for med den der ikke har de som et om fra var men efter kan nu også skal han mod under sig blev ud",
    ),
    (
        "no",
        Some(Whatlang::Nob),
        "og i å det er en på til av for med den som ikke har de et om fra var men etter kan nå også skal han mot under seg ble ut",
    ),
    (
        "fi",
        Some(Whatlang::Fin),
        "ja on ei että oli hän mukaan myös ovat se kun joka mutta kuin sen ole jo tai ollut niin sekä jälkeen vielä voi olisi nyt mitä",
    ),
    (
        "et",
        Some(Whatlang::Est),
        "ja on et ei oli see ta kui mis ka ning oma aga selle pärast kes nende välja mida juba siis üle või sai olid pole",
    ),
    (
        "lv",
        Some(Whatlang::Lav),
        "un ir ka ar no par uz tika kas bet lai arī pēc gada viņš tas nav to pie kā vai bija šo līdz jau būs kuru",
    ),
    (
        "lt",
        Some(Whatlang::Lit),
        "ir kad su bei iš į yra dėl tai buvo bet jo po kuris apie už pat ar jau gali metų nuo taip prie kaip šį bus tačiau",
    ),
    (
        "tr",
        Some(Whatlang::Tur),
        "ve bir bu için ile da de olarak daha çok sonra olan kadar gibi en ise ancak dedi var oldu ki ne olduğunu üzerine göre yeni",
    ),
    (
        "az",
        Some(Whatlang::Aze),
        "və bir bu üçün ilə də olan olub edib ki da daha çox sonra isə kimi görə həmin deyib olaraq onun var edilib",
    ),
    (
        "id",
        Some(Whatlang::Ind),
        "yang di dan dengan untuk dari ini itu pada dalam tidak ke akan oleh juga telah adalah karena sebagai ada mereka kepada bisa menjadi sudah saat",
    ),
    (
        "vi",
        Some(Whatlang::Vie),
        "và của là có được cho trong các với những một người không tại đã này khi về đến từ trên cũng để năm theo",
    ),
    (
        "ca",
        Some(Whatlang::Cat),
        "el la els les de que i en del per amb una un se al és ha dels com més no va l'any ser però aquest són són també seva després hi pel l d a o",
    ),
    (
        "tl",
        Some(Whatlang::Tgl),
        "ang ng sa na mga at ay si ni para ito nang kay hindi may isang mula nasa rin pa kung din siya",
    ),
    (
        "sw",
        None,
        "ya wa na kwa katika la za ni cha hiyo kuwa baada yake huyo lakini kama hili wake hii wakati watu zaidi",
    ),
    (
        "so",
        None,
        "oo ka ku ee ay iyo in ah waa uu la ayaa soo isagoo sheegay wuxuu waxa si markii laga lagu inuu kale dalka",
    ),
    ("ha", None, "da na ta ya a wa ba su ne ce don cikin ga kan wani bayan sun shi kuma yadda amma mai yi an zai daga"),
    ("sq", None, "e të në dhe për me nga një që është si se u nuk i më do ka kanë pas janë edhe por këtë ishte duke"),
    (
        "uz",
        Some(Whatlang::Uzb),
        "va bilan uchun bu bir ham edi bo'yicha bo'ldi deb ushbu qilish davlat bo'lgan haqida esa o'z yil",
    ),
];

/// Letters that few languages in Latin script have; each occurrence counts like a rare word.
pub(super) const LATIN_MARKS: &[(&str, &str)] = &[
    ("ß", "de"),
    ("ñ", "es"),
    ("ãõ", "pt"),
    ("ąęłśźż", "pl"),
    ("řěů", "cs"),
    ("ľĺŕ", "sk"),
    ("őű", "hu"),
    ("ășțţ", "ro"),
    ("ığ", "tr"),
    ("ə", "az"),
    ("ơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ", "vi"),
    ("ėįų", "lt"),
    ("āēīņģķļ", "lv"),
];
