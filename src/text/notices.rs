//! Phrases by which pages speak to their readers, in the languages of the world's news.
//!
//! In: a line or a paragraph. Out: whether it points to other articles, is a notice of the site, or asks to subscribe. The
//! lists hold what whole families of sites write; a phrase that also stands in news (“register”, “follow”) is not in them.

/// Whether a short line announces what is not the article any more: related articles, what others read.
pub(super) fn is_pointer_label(line: &str) -> bool {
    const BEGINNINGS: &str = "\
        related | read more | read also | read next | also read | see also | more on | more from | more stories | \
        more news | most read | most popular | top stories | you may also | you might also | recommended | trending | \
        latest news | latest stories | partner news | sponsored | up next | next article | share this | follow us | \
        sign up | subscribe | about the author | about the writer | comments | leave a comment | leave a reply | \
        join the discussion | tags | filed under | popular now | further reading | editor's picks | editors' picks | \
        from the web | around the web | what others are reading | \
        mehr zum thema | mehr zu | mehr dazu | auch interessant | das könnte sie | das könnte dich | lesen sie auch | \
        lesen sie mehr | lesen sie hier | lies auch | weitere artikel | weitere themen | weitere nachrichten | \
        weiterlesen | zum thema | themen | schlagwörter | schlagworte | meistgelesen | kommentare | newsletter | \
        verwandte | empfohlen | passend dazu | zur startseite | anzeige | ähnliche artikel | \
        lire aussi | à lire aussi | a lire aussi | sur le même sujet | à lire également | lire la suite | \
        articles liés | les plus lus | plus d'infos | commentaires | à voir aussi | pour aller plus loin | recommandé | \
        nos derniers articles | partager | \
        te puede interesar | también te puede | lee también | leer más | lea también | más noticias | lo más leído | \
        más leídas | más leídos | relacionad | noticias relacionadas | temas relacionados | comentarios | \
        más información | más sobre | sigue leyendo | leia também | leia mais | veja também | saiba mais | mais lidas | \
        relacionados | notícias relacionadas | comentários | més informació | \
        leggi anche | leggi tutto | leggi l'articolo | articoli correlati | potrebbe interessarti | \
        ti potrebbe interessare | potrebbero interessarti | i più letti | le più lette | commenti | correlati | \
        per approfondire | approfondimenti | altre notizie | \
        lees ook | lees meer | lees verder | meer over | gerelateerd | meest gelezen | les også | les mer | læs også | \
        læs mere | läs också | läs även | läs mer | mer om | mest lest | mest läst | relaterade | relaterte | \
        relaterede | lue myös | lisää aiheesta | luetuimmat | \
        czytaj też | czytaj także | czytaj więcej | przeczytaj też | zobacz też | zobacz także | polecane | powiązane | \
        najpopularniejsze | komentarze | související | čtěte také | čtěte také | nejčtenější | mohlo by vás | \
        přečtěte si | témata | súvisiace | čítajte aj | kapcsolódó | olvasta már | legolvasottabb | ajánlott | \
        citește și | citeşte şi | articole similare | cele mai citite | taip pat skaitykite | skaitykite | lasi arī | \
        lasi vairāk | \
        ilgili haberler | ilginizi çekebilir | bunlar da | etiketler | benzer haberler | en çok okunan | yorumlar | \
        sonraki haber | \
        читайте также | читайте ещё | читать также | по теме | материалы по теме | другие новости | похожие | \
        самое читаемое | рекомендуем | комментарии | подписывайтесь | теги | читайте також | читайте на | \
        більше новин | за темою | коментарі | свързани | прочетете още | повезане вести | \
        διαβάστε επίσης | δείτε επίσης | σχετικά άρθρα | διαβάστε ακόμα | δημοφιλή | \
        اقرأ أيضا | اقرأ المزيد | مواضيع ذات صلة | أخبار ذات صلة | موضوعات متعلقة | الأكثر قراءة | قد يهمك | \
        بیشتر بخوانید | مطالب مرتبط | אולי יעניין | כתבות נוספות | עוד בנושא | קראו גם | תגובות | \
        関連記事 | 関連リンク | 関連ニュース | 関連企業 | あわせて読みたい | おすすめ記事 | アクセスランキング | 人気記事 | こちらの記事 | 【関連 | 相关阅读 | 相关新闻 | 相关链接 | \
        延伸阅读 | 推荐阅读 | 更多新闻 | 热门 | 責任編輯 | 责任编辑 | 相關新聞 | 延伸閱讀 | 推薦閱讀 | 更多新聞 | 관련기사 | 관련 기사 | 추천기사 | 많이 본 | 인기기사 | 댓글 | \
        tin liên quan | xem thêm | đọc thêm | tin cùng | bài liên quan | baca juga | artikel terkait | berita terkait | \
        baca selengkapnya | terpopuler | อ่านเพิ่มเติม | ข่าวที่เกี่ยวข้อง | यह भी पढ़ें | ये भी पढ़ें | संबंधित";
    let line = line.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '【').to_lowercase();
    BEGINNINGS.split(" | ").any(|beginning| {
        line.strip_prefix(beginning).is_some_and(|rest| {
            // Alone, or followed by few words: “Themen des Tages”, but not “Themen waren unter anderem …”.
            rest.chars().count() <= 36
                && !(beginning.len() <= 8 && rest.starts_with(char::is_alphabetic) && rest.is_ascii())
        })
    })
}

/// Whether a paragraph speaks of cookies, accounts and subscriptions to the reader, not of the news.
pub(super) fn is_notice(text: &str) -> bool {
    const COOKIES: &str = "\
        our website | this website | this site | our site | you agree | you accept | accept cookies | consent | \
        your browser | we use | uses cookies | akzeptier | einwillig | unsere website | diese website | zustimm | \
        ce site | notre site | acceptez | vos choix | questo sito | acconsent | accett | este sitio | esta web | \
        aceptar | aceita | deze website | wij gebruiken | denna webbplats | souhlas | zgod | tej stron | сайт | согла | \
        соглас";
    const LEGAL: &str = "\
        all rights reserved | javascript is disabled | enable javascript | please enable javascript | \
        your browser does not support | alle rechte vorbehalten | tous droits réservés | \
        todos los derechos reservados | tutti i diritti riservati | riproduzione riservata | \
        todos os direitos reservados | wszelkie prawa zastrzeżone | все права защищены | 無断転載 | 无断转载 | 版权所有 | 未经授权 | \
        무단 전재 | 무단전재 | جميع الحقوق محفوظة";
    let lower = text.to_lowercase();
    let has = |words: &str| words.split(" | ").any(|word| lower.contains(word));
    if lower.contains("cookie") && has(COOKIES) {
        return true;
    }
    has(LEGAL) && text.chars().count() < 300
}

/// Whether a paragraph asks to subscribe before one may read on.
pub(super) fn is_wall(text: &str) -> bool {
    const WORDS: &str = "\
        to continue reading | subscribe to read | subscribe to continue | subscribers only | subscriber-only | \
        for subscribers | already a subscriber | already have an account | unlock this article | register to read | \
        bereits abonnent | jetzt weiterlesen | weiterlesen mit | diesen artikel weiterlesen | nur für abonnenten | \
        exklusiv für abonnenten | artikel freischalten | mit abo lesen | réservé aux abonnés | déjà abonné | \
        pour lire la suite | réservé à nos abonnés | riservato agli abbonati | per continuare a leggere | \
        sei già abbonato | abbonati per | solo para suscriptores | exclusivo para suscriptores | ya eres suscriptor | \
        para seguir leyendo | exclusivo para assinantes | já é assinante | alleen voor abonnees | verder lezen | \
        for abonnenter | för prenumeranter | tylko dla subskrybentów | dla prenumeratorów | czytaj dalej z | \
        pouze pro předplatitele | только для подписчиков | доступно по подписке | лише для передплатників | 有料会員 | \
        会員限定 | この記事は有料 | 続きを読むには | 登录后阅读 | 付费阅读 | 订阅后 | 訂閱後 | 구독자 전용 | 유료회원 | للمشتركين فقط";
    let lower = text.to_lowercase();
    WORDS.split(" | ").any(|words| lower.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_point_elsewhere_are_told_from_headings() {
        for line in [
            "Read also",
            "Leggi anche: il nuovo radar",
            "Lesen Sie auch",
            "関連記事",
            "Читайте также",
            "اقرأ أيضا",
            "相关阅读：",
            "▶ Read more",
        ] {
            assert!(is_pointer_label(line), "{line}");
        }
        for line in [
            "The ministry's answer",
            "Themenwoche Rüstung: was bisher geschah und was noch kommen soll",
            "Relations with Rome",
            "Commentators disagree",
        ] {
            assert!(!is_pointer_label(line), "{line}");
        }
    }

    #[test]
    fn notices_and_walls_are_told_from_news() {
        assert!(is_notice("This website uses cookies. By continuing you agree to their use."));
        assert!(is_notice("© 2026 La Gazzetta di prova. Riproduzione riservata"));
        assert!(!is_notice("The bakery sells cookies to soldiers of the garrison."));
        assert!(is_wall("Subscribe to read the full story"));
        assert!(is_wall("この記事は有料会員限定です"));
        assert!(!is_wall("The newspaper has lost a tenth of its subscribers."));
    }
}
