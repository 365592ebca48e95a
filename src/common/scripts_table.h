/* scripts_table.h -- which script letters belong to (Unicode 14.0.0).
 * Written by scripts/make-scripts. */
/* clang-format off */
{0x0041, 0x02E4, SCRIPT_LATIN}, /* Latin */
{0x0370, 0x03E1, SCRIPT_GREEK}, /* Greek */
{0x03E2, 0x03EF, SCRIPT_OTHER + 1}, /* Coptic */
{0x03F0, 0x03FF, SCRIPT_GREEK}, /* Greek */
{0x0400, 0x052F, SCRIPT_CYRILLIC}, /* Cyrillic */
{0x0531, 0x0588, SCRIPT_OTHER + 2}, /* Armenian */
{0x0591, 0x05F2, SCRIPT_OTHER + 3}, /* Hebrew */
{0x0610, 0x06FF, SCRIPT_OTHER + 4}, /* Arabic */
{0x0710, 0x074F, SCRIPT_OTHER + 5}, /* Syriac */
{0x0750, 0x077F, SCRIPT_OTHER + 4}, /* Arabic */
{0x0780, 0x07B1, SCRIPT_OTHER + 6}, /* Thaana */
{0x07C0, 0x07FD, SCRIPT_OTHER + 7}, /* Nko */
{0x0800, 0x082D, SCRIPT_OTHER + 8}, /* Samaritan */
{0x0840, 0x085B, SCRIPT_OTHER + 9}, /* Mandaic */
{0x0860, 0x086A, SCRIPT_OTHER + 5}, /* Syriac */
{0x0870, 0x08FF, SCRIPT_OTHER + 4}, /* Arabic */
{0x0900, 0x097F, SCRIPT_OTHER + 10}, /* Devanagari */
{0x0980, 0x09FE, SCRIPT_OTHER + 11}, /* Bengali */
{0x0A01, 0x0A75, SCRIPT_OTHER + 12}, /* Gurmukhi */
{0x0A81, 0x0AFF, SCRIPT_OTHER + 13}, /* Gujarati */
{0x0B01, 0x0B71, SCRIPT_OTHER + 14}, /* Oriya */
{0x0B82, 0x0BEF, SCRIPT_OTHER + 15}, /* Tamil */
{0x0C00, 0x0C6F, SCRIPT_OTHER + 16}, /* Telugu */
{0x0C80, 0x0CF2, SCRIPT_OTHER + 17}, /* Kannada */
{0x0D00, 0x0D7F, SCRIPT_OTHER + 18}, /* Malayalam */
{0x0D81, 0x0DF3, SCRIPT_OTHER + 19}, /* Sinhala */
{0x0E01, 0x0E59, SCRIPT_OTHER + 20}, /* Thai */
{0x0E81, 0x0EDF, SCRIPT_OTHER + 21}, /* Lao */
{0x0F00, 0x0FC6, SCRIPT_OTHER + 22}, /* Tibetan */
{0x1000, 0x109D, SCRIPT_OTHER + 23}, /* Myanmar */
{0x10A0, 0x10FF, SCRIPT_OTHER + 24}, /* Georgian */
{0x1100, 0x11FF, SCRIPT_HANGUL}, /* Hangul */
{0x1200, 0x138F, SCRIPT_OTHER + 25}, /* Ethiopic */
{0x13A0, 0x13FD, SCRIPT_OTHER + 26}, /* Cherokee */
{0x1401, 0x167F, SCRIPT_OTHER + 27}, /* Canadian_Aboriginal */
{0x1681, 0x169A, SCRIPT_OTHER + 28}, /* Ogham */
{0x16A0, 0x16F8, SCRIPT_OTHER + 29}, /* Runic */
{0x1700, 0x171F, SCRIPT_OTHER + 30}, /* Tagalog */
{0x1720, 0x1734, SCRIPT_OTHER + 31}, /* Hanunoo */
{0x1740, 0x1753, SCRIPT_OTHER + 32}, /* Buhid */
{0x1760, 0x1773, SCRIPT_OTHER + 33}, /* Tagbanwa */
{0x1780, 0x17E9, SCRIPT_OTHER + 34}, /* Khmer */
{0x180B, 0x18AA, SCRIPT_OTHER + 35}, /* Mongolian */
{0x18B0, 0x18F5, SCRIPT_OTHER + 27}, /* Canadian_Aboriginal */
{0x1900, 0x194F, SCRIPT_OTHER + 36}, /* Limbu */
{0x1950, 0x1974, SCRIPT_OTHER + 37}, /* Tai_Le */
{0x1980, 0x19D9, SCRIPT_OTHER + 38}, /* New_Tai_Lue */
{0x1A00, 0x1A1B, SCRIPT_OTHER + 39}, /* Buginese */
{0x1A20, 0x1AA7, SCRIPT_OTHER + 40}, /* Tai_Tham */
{0x1B00, 0x1B73, SCRIPT_OTHER + 41}, /* Balinese */
{0x1B80, 0x1BBF, SCRIPT_OTHER + 42}, /* Sundanese */
{0x1BC0, 0x1BF3, SCRIPT_OTHER + 43}, /* Batak */
{0x1C00, 0x1C4F, SCRIPT_OTHER + 44}, /* Lepcha */
{0x1C50, 0x1C7D, SCRIPT_OTHER + 45}, /* Ol_Chiki */
{0x1C80, 0x1C88, SCRIPT_CYRILLIC}, /* Cyrillic */
{0x1C90, 0x1CBF, SCRIPT_OTHER + 24}, /* Georgian */
{0x1D00, 0x1D25, SCRIPT_LATIN}, /* Latin */
{0x1D26, 0x1D2A, SCRIPT_GREEK}, /* Greek */
{0x1D2B, 0x1D2B, SCRIPT_CYRILLIC}, /* Cyrillic */
{0x1D2C, 0x1D5C, SCRIPT_LATIN}, /* Latin */
{0x1D5D, 0x1D61, SCRIPT_GREEK}, /* Greek */
{0x1D62, 0x1D65, SCRIPT_LATIN}, /* Latin */
{0x1D66, 0x1D6A, SCRIPT_GREEK}, /* Greek */
{0x1D6B, 0x1D77, SCRIPT_LATIN}, /* Latin */
{0x1D78, 0x1D78, SCRIPT_CYRILLIC}, /* Cyrillic */
{0x1D79, 0x1DBE, SCRIPT_LATIN}, /* Latin */
{0x1DBF, 0x1DBF, SCRIPT_GREEK}, /* Greek */
{0x1E00, 0x1EFF, SCRIPT_LATIN}, /* Latin */
{0x1F00, 0x1FFC, SCRIPT_GREEK}, /* Greek */
{0x2071, 0x209C, SCRIPT_LATIN}, /* Latin */
{0x2126, 0x2126, SCRIPT_GREEK}, /* Greek */
{0x212A, 0x2184, SCRIPT_LATIN}, /* Latin */
{0x2C00, 0x2C5F, SCRIPT_OTHER + 46}, /* Glagolitic */
{0x2C60, 0x2C7F, SCRIPT_LATIN}, /* Latin */
{0x2C80, 0x2CF3, SCRIPT_OTHER + 1}, /* Coptic */
{0x2D00, 0x2D2D, SCRIPT_OTHER + 24}, /* Georgian */
{0x2D30, 0x2D7F, SCRIPT_OTHER + 47}, /* Tifinagh */
{0x2D80, 0x2DDE, SCRIPT_OTHER + 25}, /* Ethiopic */
{0x2DE0, 0x2DFF, SCRIPT_CYRILLIC}, /* Cyrillic */
{0x3005, 0x3005, SCRIPT_HAN}, /* Han */
{0x302E, 0x302F, SCRIPT_HANGUL}, /* Hangul */
{0x303B, 0x303B, SCRIPT_HAN}, /* Han */
{0x3041, 0x30FF, SCRIPT_KANA}, /* Hiragana */
{0x3105, 0x312F, SCRIPT_BOPOMOFO}, /* Bopomofo */
{0x3131, 0x318E, SCRIPT_HANGUL}, /* Hangul */
{0x31A0, 0x31BF, SCRIPT_BOPOMOFO}, /* Bopomofo */
{0x31F0, 0x31FF, SCRIPT_KANA}, /* Katakana */
{0x3400, 0x9FFF, SCRIPT_HAN}, /* Han */
{0xA000, 0xA48C, SCRIPT_OTHER + 48}, /* Yi */
{0xA4D0, 0xA4FD, SCRIPT_OTHER + 49}, /* Lisu */
{0xA500, 0xA62B, SCRIPT_OTHER + 50}, /* Vai */
{0xA640, 0xA69F, SCRIPT_CYRILLIC}, /* Cyrillic */
{0xA6A0, 0xA6F1, SCRIPT_OTHER + 51}, /* Bamum */
{0xA722, 0xA7FF, SCRIPT_LATIN}, /* Latin */
{0xA800, 0xA82C, SCRIPT_OTHER + 52}, /* Syloti_Nagri */
{0xA840, 0xA873, SCRIPT_OTHER + 53}, /* Phags_Pa */
{0xA880, 0xA8D9, SCRIPT_OTHER + 54}, /* Saurashtra */
{0xA8E0, 0xA8FF, SCRIPT_OTHER + 10}, /* Devanagari */
{0xA900, 0xA92D, SCRIPT_OTHER + 55}, /* Kayah_Li */
{0xA930, 0xA953, SCRIPT_OTHER + 56}, /* Rejang */
{0xA960, 0xA97C, SCRIPT_HANGUL}, /* Hangul */
{0xA980, 0xA9D9, SCRIPT_OTHER + 57}, /* Javanese */
{0xA9E0, 0xA9FE, SCRIPT_OTHER + 23}, /* Myanmar */
{0xAA00, 0xAA59, SCRIPT_OTHER + 58}, /* Cham */
{0xAA60, 0xAA7F, SCRIPT_OTHER + 23}, /* Myanmar */
{0xAA80, 0xAADD, SCRIPT_OTHER + 59}, /* Tai_Viet */
{0xAAE0, 0xAAF6, SCRIPT_OTHER + 60}, /* Meetei_Mayek */
{0xAB01, 0xAB2E, SCRIPT_OTHER + 25}, /* Ethiopic */
{0xAB30, 0xAB64, SCRIPT_LATIN}, /* Latin */
{0xAB65, 0xAB65, SCRIPT_GREEK}, /* Greek */
{0xAB66, 0xAB69, SCRIPT_LATIN}, /* Latin */
{0xAB70, 0xABBF, SCRIPT_OTHER + 26}, /* Cherokee */
{0xABC0, 0xABF9, SCRIPT_OTHER + 60}, /* Meetei_Mayek */
{0xAC00, 0xD7FB, SCRIPT_HANGUL}, /* Hangul */
{0xF900, 0xFAD9, SCRIPT_HAN}, /* Han */
{0xFB00, 0xFB06, SCRIPT_LATIN}, /* Latin */
{0xFB13, 0xFB17, SCRIPT_OTHER + 2}, /* Armenian */
{0xFB1D, 0xFB4F, SCRIPT_OTHER + 3}, /* Hebrew */
{0xFB50, 0xFDFB, SCRIPT_OTHER + 4}, /* Arabic */
{0xFE2E, 0xFE2F, SCRIPT_CYRILLIC}, /* Cyrillic */
{0xFE70, 0xFEFC, SCRIPT_OTHER + 4}, /* Arabic */
{0xFF21, 0xFF5A, SCRIPT_LATIN}, /* Latin */
{0xFF66, 0xFF9D, SCRIPT_KANA}, /* Katakana */
{0xFFA0, 0xFFDC, SCRIPT_HANGUL}, /* Hangul */
{0x10000, 0x100FA, SCRIPT_OTHER + 61}, /* Linear_B */
{0x10280, 0x1029C, SCRIPT_OTHER + 62}, /* Lycian */
{0x102A0, 0x102D0, SCRIPT_OTHER + 63}, /* Carian */
{0x10300, 0x1032F, SCRIPT_OTHER + 64}, /* Old_Italic */
{0x10330, 0x10349, SCRIPT_OTHER + 65}, /* Gothic */
{0x10350, 0x1037A, SCRIPT_OTHER + 66}, /* Old_Permic */
{0x10380, 0x1039D, SCRIPT_OTHER + 67}, /* Ugaritic */
{0x103A0, 0x103CF, SCRIPT_OTHER + 68}, /* Old_Persian */
{0x10400, 0x1044F, SCRIPT_OTHER + 69}, /* Deseret */
{0x10450, 0x1047F, SCRIPT_OTHER + 70}, /* Shavian */
{0x10480, 0x104A9, SCRIPT_OTHER + 71}, /* Osmanya */
{0x104B0, 0x104FB, SCRIPT_OTHER + 72}, /* Osage */
{0x10500, 0x10527, SCRIPT_OTHER + 73}, /* Elbasan */
{0x10530, 0x10563, SCRIPT_OTHER + 74}, /* Caucasian_Albanian */
{0x10570, 0x105BC, SCRIPT_OTHER + 75}, /* Vithkuqi */
{0x10600, 0x10767, SCRIPT_OTHER + 76}, /* Linear_A */
{0x10780, 0x107BA, SCRIPT_LATIN}, /* Latin */
{0x10800, 0x1083F, SCRIPT_OTHER + 77}, /* Cypriot */
{0x10840, 0x10855, SCRIPT_OTHER + 78}, /* Imperial_Aramaic */
{0x10860, 0x10876, SCRIPT_OTHER + 79}, /* Palmyrene */
{0x10880, 0x1089E, SCRIPT_OTHER + 80}, /* Nabataean */
{0x108E0, 0x108F5, SCRIPT_OTHER + 81}, /* Hatran */
{0x10900, 0x10915, SCRIPT_OTHER + 82}, /* Phoenician */
{0x10920, 0x10939, SCRIPT_OTHER + 83}, /* Lydian */
{0x10980, 0x1099F, SCRIPT_OTHER + 84}, /* Meroitic_Hieroglyphs */
{0x109A0, 0x109BF, SCRIPT_OTHER + 85}, /* Meroitic_Cursive */
{0x10A00, 0x10A3F, SCRIPT_OTHER + 86}, /* Kharoshthi */
{0x10A60, 0x10A7C, SCRIPT_OTHER + 87}, /* Old_South_Arabian */
{0x10A80, 0x10A9C, SCRIPT_OTHER + 88}, /* Old_North_Arabian */
{0x10AC0, 0x10AE6, SCRIPT_OTHER + 89}, /* Manichaean */
{0x10B00, 0x10B35, SCRIPT_OTHER + 90}, /* Avestan */
{0x10B40, 0x10B55, SCRIPT_OTHER + 91}, /* Inscriptional_Parthian */
{0x10B60, 0x10B72, SCRIPT_OTHER + 92}, /* Inscriptional_Pahlavi */
{0x10B80, 0x10B91, SCRIPT_OTHER + 93}, /* Psalter_Pahlavi */
{0x10C00, 0x10C48, SCRIPT_OTHER + 94}, /* Old_Turkic */
{0x10C80, 0x10CF2, SCRIPT_OTHER + 95}, /* Old_Hungarian */
{0x10D00, 0x10D39, SCRIPT_OTHER + 96}, /* Hanifi_Rohingya */
{0x10E80, 0x10EB1, SCRIPT_OTHER + 97}, /* Yezidi */
{0x10F00, 0x10F27, SCRIPT_OTHER + 98}, /* Old_Sogdian */
{0x10F30, 0x10F50, SCRIPT_OTHER + 99}, /* Sogdian */
{0x10F70, 0x10F85, SCRIPT_OTHER + 100}, /* Old_Uyghur */
{0x10FB0, 0x10FC4, SCRIPT_OTHER + 101}, /* Chorasmian */
{0x10FE0, 0x10FF6, SCRIPT_OTHER + 102}, /* Elymaic */
{0x11000, 0x1107F, SCRIPT_OTHER + 103}, /* Brahmi */
{0x11080, 0x110C2, SCRIPT_OTHER + 104}, /* Kaithi */
{0x110D0, 0x110F9, SCRIPT_OTHER + 105}, /* Sora_Sompeng */
{0x11100, 0x11147, SCRIPT_OTHER + 106}, /* Chakma */
{0x11150, 0x11176, SCRIPT_OTHER + 107}, /* Mahajani */
{0x11180, 0x111DC, SCRIPT_OTHER + 108}, /* Sharada */
{0x11200, 0x1123E, SCRIPT_OTHER + 109}, /* Khojki */
{0x11280, 0x112A8, SCRIPT_OTHER + 110}, /* Multani */
{0x112B0, 0x112F9, SCRIPT_OTHER + 111}, /* Khudawadi */
{0x11300, 0x11374, SCRIPT_OTHER + 112}, /* Grantha */
{0x11400, 0x11461, SCRIPT_OTHER + 113}, /* Newa */
{0x11480, 0x114D9, SCRIPT_OTHER + 114}, /* Tirhuta */
{0x11580, 0x115DD, SCRIPT_OTHER + 115}, /* Siddham */
{0x11600, 0x11659, SCRIPT_OTHER + 116}, /* Modi */
{0x11680, 0x116C9, SCRIPT_OTHER + 117}, /* Takri */
{0x11700, 0x11746, SCRIPT_OTHER + 118}, /* Ahom */
{0x11800, 0x1183A, SCRIPT_OTHER + 119}, /* Dogra */
{0x118A0, 0x118FF, SCRIPT_OTHER + 120}, /* Warang_Citi */
{0x11900, 0x11959, SCRIPT_OTHER + 121}, /* Dives_Akuru */
{0x119A0, 0x119E4, SCRIPT_OTHER + 122}, /* Nandinagari */
{0x11A00, 0x11A47, SCRIPT_OTHER + 123}, /* Zanabazar_Square */
{0x11A50, 0x11A9D, SCRIPT_OTHER + 124}, /* Soyombo */
{0x11AB0, 0x11ABF, SCRIPT_OTHER + 27}, /* Canadian_Aboriginal */
{0x11AC0, 0x11AF8, SCRIPT_OTHER + 125}, /* Pau_Cin_Hau */
{0x11C00, 0x11C59, SCRIPT_OTHER + 126}, /* Bhaiksuki */
{0x11C72, 0x11CB6, SCRIPT_OTHER + 127}, /* Marchen */
{0x11D00, 0x11D59, SCRIPT_OTHER + 128}, /* Masaram_Gondi */
{0x11D60, 0x11DA9, SCRIPT_OTHER + 129}, /* Gunjala_Gondi */
{0x11EE0, 0x11EF6, SCRIPT_OTHER + 130}, /* Makasar */
{0x11FB0, 0x11FB0, SCRIPT_OTHER + 49}, /* Lisu */
{0x12000, 0x12543, SCRIPT_OTHER + 131}, /* Cuneiform */
{0x12F90, 0x12FF0, SCRIPT_OTHER + 132}, /* Cypro_Minoan */
{0x13000, 0x1342E, SCRIPT_OTHER + 133}, /* Egyptian_Hieroglyphs */
{0x14400, 0x14646, SCRIPT_OTHER + 134}, /* Anatolian_Hieroglyphs */
{0x16800, 0x16A38, SCRIPT_OTHER + 51}, /* Bamum */
{0x16A40, 0x16A69, SCRIPT_OTHER + 135}, /* Mro */
{0x16A70, 0x16AC9, SCRIPT_OTHER + 136}, /* Tangsa */
{0x16AD0, 0x16AF4, SCRIPT_OTHER + 137}, /* Bassa_Vah */
{0x16B00, 0x16B8F, SCRIPT_OTHER + 138}, /* Pahawh_Hmong */
{0x16E40, 0x16E7F, SCRIPT_OTHER + 139}, /* Medefaidrin */
{0x16F00, 0x16F9F, SCRIPT_OTHER + 140}, /* Miao */
{0x16FE0, 0x16FE0, SCRIPT_OTHER + 141}, /* Tangut */
{0x16FE1, 0x16FE1, SCRIPT_OTHER + 142}, /* Nushu */
{0x16FE3, 0x16FE3, SCRIPT_HAN}, /* Han */
{0x16FE4, 0x16FE4, SCRIPT_OTHER + 143}, /* Khitan_Small_Script */
{0x16FF0, 0x16FF1, SCRIPT_HAN}, /* Han */
{0x17000, 0x18AFF, SCRIPT_OTHER + 141}, /* Tangut */
{0x18B00, 0x18CD5, SCRIPT_OTHER + 143}, /* Khitan_Small_Script */
{0x18D00, 0x18D08, SCRIPT_OTHER + 141}, /* Tangut */
{0x1AFF0, 0x1B167, SCRIPT_KANA}, /* Katakana */
{0x1B170, 0x1B2FB, SCRIPT_OTHER + 142}, /* Nushu */
{0x1BC00, 0x1BC9E, SCRIPT_OTHER + 144}, /* Duployan */
{0x1D242, 0x1D244, SCRIPT_GREEK}, /* Greek */
{0x1DA00, 0x1DAAF, SCRIPT_OTHER + 145}, /* SignWriting */
{0x1DF00, 0x1DF1E, SCRIPT_LATIN}, /* Latin */
{0x1E000, 0x1E02A, SCRIPT_OTHER + 46}, /* Glagolitic */
{0x1E100, 0x1E14E, SCRIPT_OTHER + 146}, /* Nyiakeng_Puachue_Hmong */
{0x1E290, 0x1E2AE, SCRIPT_OTHER + 147}, /* Toto */
{0x1E2C0, 0x1E2F9, SCRIPT_OTHER + 148}, /* Wancho */
{0x1E7E0, 0x1E7FE, SCRIPT_OTHER + 25}, /* Ethiopic */
{0x1E800, 0x1E8D6, SCRIPT_OTHER + 149}, /* Mende_Kikakui */
{0x1E900, 0x1E959, SCRIPT_OTHER + 150}, /* Adlam */
{0x1EE00, 0x1EEBB, SCRIPT_OTHER + 4}, /* Arabic */
{0x20000, 0x3134A, SCRIPT_HAN}, /* Han */
