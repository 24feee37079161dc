"""What an import is refused for, beside the faults of the definitions themselves (contracts.definition)."""

from __future__ import annotations

from contracts.problem import Problem

PROBLEMS: dict[str, Problem] = {
    "import_unreadable": Problem(422, "تعذرت قراءة الملف عند {at}: {reason}",
                                 "The file cannot be read at {at}: {reason}"),
    "import_not_a_guide": Problem(422, "الملف ليس دليل خدمات. أرسل ملفاً مُصدَّراً من الدليل أو تعريفاً أو قائمة تعريفات.",
                                  "The file is no guide. Send an export of the guide, one definition or a list of"
                                  " definitions."),
    "import_empty": Problem(422, "لا توجد خدمة واحدة في الملف.", "The file holds not a single service."),
    "import_too_many": Problem(422, "في الملف {count} خدمة والحد {limit}. قسّمه.",
                               "The file holds {count} services, the limit is {limit}. Split it."),
    "import_too_many_values": Problem(422, "في الملف قيم أكثر من الحد {limit}. قسّمه.",
                                      "The file holds more values than the limit {limit}. Split it."),
    "import_faults_more": Problem(422, "وعدد آخر من الأخطاء: {count}. صحح ما سبق أولاً.",
                                  "And {count} more faults. Correct those above first."),
    "import_unpacked_too_large": Problem(422, "محتوى الملف بعد فك ضغطه أكبر من المسموح ({limit} بايت).",
                                         "The file's content unpacked is larger than allowed ({limit} bytes)."),
    "import_code_twice": Problem(422, "الخدمة {code} مكررة في الملف ({at}). أبقِ واحدة.",
                                 "The service {code} stands twice in the file ({at}). Keep one."),
    "import_key_twice": Problem(422, "المفتاح {key} مكرر عند {at}. أبقِ واحداً.",
                                "The key {key} stands twice at {at}. Keep one."),
    "import_alias": Problem(422, "عند {at} إحالة إلى نص آخر (& و*). اكتب المحتوى كاملاً.",
                            "At {at} stands a reference (& and *). Write the content out."),
    "import_sheet_unknown": Problem(422, "ورقة غير معروفة: {sheet}. صحح اسمها أو احذفها.",
                                    "This sheet is not known: {sheet}. Correct its name or delete it."),
    "import_sheet_missing": Problem(422, "ورقة {sheet} غير موجودة.", "The sheet {sheet} is missing."),
    "import_column_unsound": Problem(422, "عنوان العمود {at} فارغ أو مكرر. صححه.",
                                     "The heading of column {at} is empty or stands twice. Correct it."),
    "import_row_lost": Problem(422, "الصف {at} يتبع ما لا وجود له: {owner}. صحح المرجع أو احذف الصف.",
                               "The row {at} belongs to what is not there: {owner}. Correct it or delete the row."),
    "import_cell_formula": Problem(422, "الخلية {at} معادلة. اكتب قيمتها نصاً.",
                                   "The cell {at} is a formula. Write its value."),
    "import_cell_not_text": Problem(422, "الخلية {at} تاريخ أو خطأ. اكتبها نصاً.",
                                    "The cell {at} is a date or an error. Write it as text."),
    "import_cell_unreadable": Problem(422, "الخلية {at} تبدأ بكلمة json أو long وما بعدها لا يُقرأ. صححها.",
                                      "The cell {at} begins with json or long, and what follows cannot be read."
                                      " Correct it."),
    "import_cell_conflict": Problem(422, "الخلية {at} تناقض خلية أخرى في الصف أو صفوف ورقة أخرى. أبقِ واحدة.",
                                    "The cell {at} contradicts another cell of its row or the rows of another sheet."
                                    " Keep one."),
}
